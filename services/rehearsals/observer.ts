import { ownApplicationName } from '../clones/connect.ts';
import { bookedMigration, books } from '../migrations/migrator.ts';
import { type LogLine, parseLine, scanIn, timeOf } from './log-line.ts';
import { blockedBy, type HeldLock, type Observed, type RowsChanged, type Scan, type Statement } from './observed.ts';
import {
  firesEventTrigger,
  type LockMode,
  lockModes,
  locksByText,
  type NamedTable,
  type ParsedStatement,
  parseSql,
  shownSql,
  tablesOf,
  transactionStep,
} from './sql.ts';
import { countedStatements, countsRows, type StatementCosts } from './statement-costs.ts';
import { type Held, type Sizes, toldBy } from './told.ts';

interface Session {
  /** Where it is another database of the cluster: an oid, and a name, mean another table there. */
  database?: string;
  /** By relation and mode. */
  held: Map<string, { lock: HeldLock; began: number }>;
  inTransaction: boolean;
  /** Of the locks that it holds. */
  transaction: number;
  lastAt: number;
  /** Since its last statement ended; `nth` is how many definitions of one text had been carried out before. */
  nth: number;
  /** When each definition of the text began and ended. */
  spans: { from: number; to?: number }[];
  locks: (Held['locks'][number] & { nth: number })[];
  rewrites: { name: string; reason: number; sizeBytes: number; nth: number }[];
  scans: (Omit<Scan, 'sql'> & { nth: number })[];
  wal: { from?: number; to?: number };
  tempBytes: number;
  booked?: { held: Held; rows: RowsChanged[]; sizes?: Sizes };
  /** Statements since the last booking, the texts of which may explain a lock that no event trigger saw. */
  silent: ParsedStatement[];
  /** Rows changed as last told, by table. */
  rows: Map<string, RowsChanged>;
}

const maxKept = 2000;
/** What empties or fills a table builds its indexes with it. */
const writesAnew = new Set(['TruncateStmt', 'RefreshMatViewStmt', 'ClusterStmt', 'VacuumStmt']);
/** https://www.postgresql.org/docs/17/event-trigger-table-rewrite-example.html and commands/event_trigger.h */
const rewriteReasons: [number, string][] = [
  [1, 'persistence changed'],
  [2, 'default with a volatile value'],
  [4, 'column type changed'],
  [8, 'access method changed'],
];

export interface Observer {
  read(line: string): void;
  /** Nothing is read afterwards. @param costs what the server counted, where it did. */
  end(costs?: StatementCosts): Observed;
}

/** What is known of the database before the migrator runs. */
export interface Before {
  /** Its name: the log is the whole cluster's. */
  database: string;
  /** `schema.table` by oid: a dropped table's lock is logged without its name. */
  names: Map<number, string>;
  /** Where names without a schema are looked for, in this order. */
  searchPath: string[];
  /** Bytes of WAL ever written. */
  lsn: number;
  sizes: Sizes;
}

/**
 * Reads a rehearsal clone's jsonlog line by line. Which migration a statement belongs to is told by the migrator's own
 * bookkeeping: it books a version after the version's last statement.
 */
export function observer({ database, names, searchPath, lsn, sizes }: Before): Observer {
  const observed: Observed = {
    ...{ connections: 0, statements: [], statementCount: 0, locks: [], rewrites: [], scans: [] },
    ...{ migrations: [], errors: [] },
  };
  const sessions = new Map<number, Session>();
  const oids = new Map([...names].map(([oid, name]) => [name, oid]));
  let transactions = 0;
  let known = sizes;
  let unbooked: { migration?: string }[] = [];
  const ordinaryTaken = new Set<string>();
  const counted = countedStatements();
  /** Since the last booking. */
  const repeated = new Map<string, Statement>();
  let sinceBooked = { statements: 0, durationMs: 0, lsn };

  /** Keeps a finding until its migration is known; what is too much is not kept. */
  function keep<T extends { migration?: string }>(list: T[], thing: T): void {
    if (list.length >= maxKept) return;
    list.push(thing);
    unbooked.push(thing);
  }

  function nameOf({ schema, name }: NamedTable): string | undefined {
    return (schema === undefined ? searchPath : [schema])
      .map((place) => `${place}.${name}`)
      .find((full) => oids.has(full));
  }

  function hold(
    session: Session,
    { relation, ...taken }: { table: string; relation: number; mode: LockMode; sql: string },
    began: number,
    ended: number,
  ): void {
    const { table, mode } = taken;
    const key = `${relation} ${mode}`;
    // The migrator's reading and writing of its books is nobody's concern.
    const ordinary = blockedBy(mode) === 'nothing ordinary';
    if (session.held.has(key) || (ordinary && (table.endsWith(`.${books}`) || ordinaryTaken.has(key)))) return;
    // A backfill that commits each row takes it 100,000 times.
    if (ordinary) ordinaryTaken.add(key);
    const takenAt = new Date(began).toISOString();
    if (session.held.size === 0) session.transaction = transactions += 1;
    const lock: HeldLock = {
      ...{
        ...taken,
        transaction: session.transaction,
        blocks: blockedBy(mode),
        takenAt,
        releasedAt: takenAt,
        heldMs: 0,
      },
      statementMs: Math.round(ended - began),
    };
    session.held.set(key, { lock, began });
    keep(observed.locks, lock);
  }

  /**
   * The table of a lock by its name of before, which is the one that others use. One made in this very run is nobody's
   * yet, its locks block no one.
   */
  const tableOf = ({ relation }: Held['locks'][number]) => names.get(relation);

  function ended(session: Session, line: LogLine, at: number, sql: string, durationMs: number): void {
    const parsed = parseSql(sql);
    const began = at - durationMs;
    const definitions = parsed.filter(firesEventTrigger);
    /** Of several statements in one text, the one that was carried out then; else the first that names the table. */
    const partFor = (table: string, nth: number): string => {
      if (parsed.length < 2) return shownSql(sql);
      const names = (one: ParsedStatement) => tablesOf(one).some((named) => nameOf(named) === table);
      const part = session.nth === definitions.length ? definitions[nth] : parsed.find(names);
      return shownSql(part?.text ?? sql);
    };
    /** A statement that fires no event trigger, and whose lock the next one's shows. */
    const silentFor = (table: string, mode: LockMode, nth: number) =>
      parsed
        .slice(0, parsed.indexOf(definitions[nth]!))
        .filter((one) => !firesEventTrigger(one))
        .find((one) => locksByText(one).some((lock) => lock.mode === mode && nameOf(lock.table) === table));
    const taken = strongest(session.locks).flatMap((lock) => {
      const table = tableOf(lock);
      const silent = table && session.nth === definitions.length ? silentFor(table, lock.mode, lock.nth) : undefined;
      return table ? [{ ...lock, table, silent }] : [];
    });
    const place = ({ nth, silent }: (typeof taken)[number]) => 2 * nth - (silent ? 1 : 0);
    for (const { table, relation, mode, nth, silent } of taken.toSorted((a, b) => place(a) - place(b))) {
      const span = parsed.length > 1 ? session.spans[nth] : undefined;
      const before = nth === 0 ? began : (session.spans[nth - 1]?.to ?? began);
      if (silent) hold(session, { table, relation, mode, sql: shownSql(silent.text) }, before, span?.from ?? at);
      else hold(session, { table, relation, mode, sql: partFor(table, nth) }, span?.from ?? began, span?.to ?? at);
    }
    for (const one of session.database === undefined ? parsed : []) {
      for (const { table: named, mode } of locksByText(one)) {
        const table = nameOf(named);
        const relation = table === undefined ? undefined : oids.get(table);
        if (!table || !relation || session.held.has(`${relation} ${mode}`)) continue;
        hold(session, { table, relation, mode, sql: shownSql(one.text) }, began, at);
      }
    }
    for (const { name, reason, sizeBytes, nth } of session.rewrites) {
      const why = rewriteReasons.flatMap(([bit, word]) => (reason & bit ? word : [])).join(', ');
      keep(observed.rewrites, { table: name, reason: why, sizeBytes, sql: partFor(name, nth) });
    }
    // The server says a table's name without its schema, and of a foreign key only the constraint's.
    const locked = (name: string) =>
      [...session.held.values()].find(({ lock }) => lock.table.endsWith(`.${name}`))?.lock.table;
    const [first] = parsed.flatMap(tablesOf);
    const target = first && nameOf(first);
    for (const scan of parsed.some(({ type }) => writesAnew.has(type)) ? [] : session.scans) {
      const table = scan.table === '' ? target : (locked(scan.table) ?? nameOf({ name: scan.table }));
      // A table made in this run has hardly a row.
      const { nth, ...said } = scan;
      if (table) keep(observed.scans, { ...said, table, sql: partFor(table, nth) });
    }
    const { wal, tempBytes } = session;
    Object.assign(session, { ...nothingYet(), tempBytes: 0 });

    for (const step of parsed.map(transactionStep)) {
      if (step) session.inTransaction = step === 'begins';
      if (step === 'ends') release(session, at);
    }
    if (!session.inTransaction) release(session, at);
    // Another database's books are another migrator's.
    const booked = session.database === undefined ? bookedMigration(sql, line.detail) : undefined;
    if (!booked && !isTheMigratorsOwn(parsed)) {
      observed.statementCount += 1;
      sinceBooked.statements += 1;
      sinceBooked.durationMs += durationMs;
      if (session.database === undefined && session.silent.length < maxKept) session.silent.push(...parsed);
      // Of a text of several the line has the last one's.
      const id = parsed.length === 1 ? line.queryId : undefined;
      const again = id && countsRows(parsed[0]!) ? repeated.get(id) : undefined;
      if (again) {
        again.calls = (again.calls ?? 1) + 1;
        again.durationMs += durationMs;
        if (tempBytes) again.tempBytes = (again.tempBytes ?? 0) + tempBytes;
        return;
      }
      // To write 100,000 of them as they may be shown takes longer than to run them.
      if (observed.statements.length >= maxKept) return;
      const statement: Statement = {
        ...{ sql: shownSql(sql), durationMs, at: new Date(began).toISOString() },
        ...(session.database === undefined ? {} : { database: session.database }),
        ...(wal.from === undefined || wal.to === undefined ? {} : { walBytes: wal.to - wal.from }),
        ...(tempBytes ? { tempBytes } : {}),
      };
      keep(observed.statements, statement);
      counted.keep(statement, parsed, id);
      if (id) repeated.set(id, statement);
    }
    if (booked) book(session, booked, began);
  }

  function book(session: Session, migration: string, at: number): void {
    const told = session.booked;
    for (const lock of strongest(told?.held.locks ?? [])) {
      const table = tableOf(lock);
      const cause = session.silent.findLast((one) => tablesOf(one).some((named) => nameOf(named) === table));
      const { relation, mode } = lock;
      const sql = cause ? shownSql(cause.text) : 'not named in a statement';
      if (table && (cause || blockedBy(mode) !== 'nothing ordinary'))
        hold(session, { table, relation, mode, sql }, at, at);
    }
    const changed = (told?.rows ?? []).map((now) => {
      const then = session.rows.get(now.table);
      session.rows.set(now.table, now);
      // The server counts from its last report of statistics on.
      if (!then || now.inserted < then.inserted || now.updated < then.updated || now.deleted < then.deleted) return now;
      const { table } = now;
      const [inserted, updated] = [now.inserted - then.inserted, now.updated - then.updated];
      return { table, inserted, updated, deleted: now.deleted - then.deleted };
    });
    const lsn = told?.held.lsn;
    observed.migrations.push({
      ...{ migration, statements: sinceBooked.statements, durationMs: Math.round(sinceBooked.durationMs) },
      ...(lsn === undefined ? {} : { walBytes: lsn - sinceBooked.lsn }),
      rows: changed.filter(({ inserted, updated, deleted }) => inserted + updated + deleted > 0),
      ...(told?.sizes ? { growth: growthBetween(known, told.sizes) } : {}),
    });
    known = told?.sizes ?? known;
    delete session.booked;
    ordinaryTaken.clear();
    repeated.clear();
    session.silent = [];
    sinceBooked = { statements: 0, durationMs: 0, lsn: lsn ?? sinceBooked.lsn };
    for (const thing of unbooked) thing.migration = migration;
    unbooked = [];
  }

  function read(text: string): void {
    const line = parseLine(text);
    // What runs inside the clone's container (greenroom's psql and pg_isready) is not the migrator.
    if (line?.backend_type !== 'client backend' || line.remote_host === '[local]') return;
    const { pid, message } = line;
    if (message.startsWith('connection authorized')) {
      // The number of a session that has ended is given again.
      const former = sessions.get(pid);
      if (former) release(former, former.lastAt);
      sessions.delete(pid);
      if (message.includes(`application_name=${ownApplicationName}`)) return;
      const elsewhere = line.dbname !== undefined && line.dbname !== database ? line.dbname : undefined;
      if (elsewhere === undefined) observed.connections += 1;
      sessions.set(pid, { ...newSession(), ...(elsewhere === undefined ? {} : { database: elsewhere }) });
      return;
    }
    const session = sessions.get(pid);
    if (!session) return;
    const at = timeOf(line);
    session.lastAt = at;
    const here = session.database === undefined;
    const told = here ? toldBy(message) : undefined;
    const scan = here ? scanIn(message) : undefined;
    const temporary = /^temporary file: path .*, size (\d+)$/.exec(message);
    const duration = /^duration: ([\d.]+) ms {2}(?:statement|execute [^:]*): ([\s\S]*)$/.exec(message);
    if (told?.what === 'begins') {
      session.wal.from ??= told.lsn;
      session.spans[session.nth] = { from: at };
    } else if (told?.what === 'locks') {
      session.locks.push(...told.held.locks.map((lock) => ({ ...lock, nth: session.nth })));
      session.wal.to = told.held.lsn;
      session.spans[session.nth] = { from: at, ...session.spans[session.nth], to: at };
      session.nth += 1;
    } else if (told?.what === 'rewrite') session.rewrites.push({ ...told.rewrite, nth: session.nth });
    else if (told?.what === 'booked') session.booked = told;
    else if (scan) session.scans.push({ ...scan, nth: session.nth });
    else if (temporary) session.tempBytes += Number(temporary[1]);
    else if (duration) ended(session, line, at, duration[2]!, Number(duration[1]));
    else if (['ERROR', 'FATAL', 'PANIC'].includes(line.error_severity)) {
      Object.assign(session, nothingYet());
      keep(observed.errors, {
        message,
        ...(session.database === undefined ? {} : { database: session.database }),
        ...(line.state_code ? { code: line.state_code } : {}),
        ...(line.statement ? { sql: shownSql(line.statement) } : {}),
      });
    }
  }

  /** The end of the log: what is held still was held until its session's last line. */
  function end(costs?: StatementCosts): Observed {
    for (const session of sessions.values()) release(session, session.lastAt);
    if (costs) counted.add(costs);
    return observed;
  }
  return { read, end };
}

function growthBetween(before: Sizes, after: Sizes): { table: string; bytes: number }[] {
  return Object.keys({ ...before, ...after })
    .map((table) => ({ table, bytes: (after[table] ?? 0) - (before[table] ?? 0) }))
    .filter(({ table, bytes }) => bytes !== 0 && !table.endsWith(`.${books}`));
}

function newSession(): Session {
  return {
    ...{ held: new Map(), inTransaction: false, transaction: 0, lastAt: 0, ...nothingYet() },
    ...{ tempBytes: 0, silent: [], rows: new Map() },
  };
}

/** What is gathered while a text runs. */
function nothingYet() {
  return { nth: 0, spans: [], locks: [], rewrites: [], scans: [], wal: {} };
}

/** It begins and ends transactions in texts of their own, and nobody else uses its books. */
function isTheMigratorsOwn(parsed: ParsedStatement[]): boolean {
  const named = parsed.flatMap(tablesOf);
  const transaction = parsed.length === 1 && parsed[0]!.type === 'TransactionStmt';
  return transaction || (named.length > 0 && named.every(({ name }) => name === books));
}

/**
 * The strongest lock on each relation: a rewrite takes ShareLock beside its AccessExclusiveLock, which is no index being
 * built.
 */
function strongest<T extends Held['locks'][number]>(locks: T[]): T[] {
  const by = new Map<number, T>();
  for (const lock of locks) {
    const known = by.get(lock.relation);
    if (!known || lockModes.indexOf(lock.mode) > lockModes.indexOf(known.mode)) by.set(lock.relation, lock);
  }
  return [...by.values()];
}

function release(session: Session, at: number): void {
  for (const { lock, began } of session.held.values()) {
    lock.heldMs = Math.max(0, Math.round(at - began));
    lock.releasedAt = new Date(Math.max(at, began)).toISOString();
  }
  session.held.clear();
}
