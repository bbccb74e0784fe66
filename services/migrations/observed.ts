import { ownApplicationName } from '../clones/connect.ts';
import { bookedMigration } from './migrator.ts';

/** What a server's log says of the migrator's sessions. */
export interface Observed {
  /** Sessions of the migrator that logged in. None: it never reached this database. */
  connections: number;
  statements: Statement[];
  locks: HeldLock[];
  rewrites: Rewrite[];
  errors: { message: string; code?: string; migration?: string; sql?: string }[];
}

export interface Statement {
  /** The migration it belongs to; undefined for the migrator's own statements and those after the last one booked. */
  migration?: string;
  sql: string;
  durationMs: number;
  at: string;
}

export interface HeldLock {
  migration?: string;
  table: string;
  mode: string;
  sql: string;
  /** From the statement that took it to the end of its transaction. */
  heldMs: number;
}

export interface Rewrite {
  migration?: string;
  table: string;
  reason: string;
  sizeBytes: number;
  sql: string;
}

interface LogLine {
  timestamp: string;
  pid: number;
  error_severity: string;
  message: string;
  detail?: string;
  state_code?: string;
  statement?: string;
  backend_type?: string;
  remote_host?: string;
}

interface LockRead {
  relation: number;
  mode: string;
  name: string | null;
  kind: string | null;
}

const maxSql = 2000;
const maxStatements = 5000;
/** https://www.postgresql.org/docs/17/event-trigger-table-rewrite-example.html and commands/event_trigger.h */
const rewriteReasons: [number, string][] = [
  [1, 'persistence changed'],
  [2, 'default with a volatile value'],
  [4, 'column type changed'],
  [8, 'access method changed'],
];
/** Readers and writers get along with these. */
const harmless = new Set(['AccessShareLock', 'RowShareLock', 'RowExclusiveLock']);

/**
 * Reads a rehearsal clone's jsonlog from `offset` on. Which migration a statement belongs to is told by the migrator's
 * own bookkeeping: it books a version after the version's last statement.
 */
export function readObserved(log: string, names: Map<number, string>, pending?: string): Observed {
  const observed: Observed = { connections: 0, statements: [], locks: [], rewrites: [], errors: [] };
  const own = new Set<number>();
  const sessions = new Map<number, Session>();
  let unbooked: { migration?: string }[] = [];
  for (const text of log.split('\n')) {
    const line = parseLine(text);
    // What runs inside the clone's container (greenroom's psql and pg_isready) is not the migrator.
    if (line?.backend_type !== 'client backend' || line.remote_host === '[local]') continue;
    if (line.message.startsWith('connection authorized')) {
      if (line.message.includes(`application_name=${ownApplicationName}`)) own.add(line.pid);
      else {
        observed.connections += 1;
        sessions.set(line.pid, { held: new Map(), locks: [], rewrites: [] });
      }
      continue;
    }
    const session = sessions.get(line.pid);
    if (!session) continue;
    const at = Date.parse(
      line.timestamp
        .replace(' UTC', 'Z')
        .replace(' ', 'T')
        .replace(/ (\w+)$/, ''),
    );
    if (line.message.startsWith('greenroom:locks ')) {
      session.locks.push(...(JSON.parse(line.message.slice(16)) as LockRead[]));
    } else if (line.message.startsWith('greenroom:rewrite ')) {
      session.rewrites.push(JSON.parse(line.message.slice(18)));
    } else if (['ERROR', 'FATAL', 'PANIC'].includes(line.error_severity)) {
      const error: Observed['errors'][number] = {
        message: line.message,
        ...(line.state_code ? { code: line.state_code } : {}),
        ...(line.statement ? { sql: shown(line.statement) } : {}),
      };
      observed.errors.push(error);
      unbooked.push(error);
    } else {
      const match = /^duration: ([\d.]+) ms {2}(?:statement|execute [^:]*): ([\s\S]*)$/.exec(line.message);
      if (!match) continue;
      const sql = match[2]!;
      const statement: Statement = { sql: shown(sql), durationMs: Number(match[1]), at: new Date(at).toISOString() };
      const began = at - statement.durationMs;
      for (const { relation, mode, name, kind } of strongest(session.locks)) {
        const key = `${relation} ${mode}`;
        if (harmless.has(mode) || session.held.has(key) || (kind && !'rpm'.includes(kind))) continue;
        // A table made in this very run is nobody's yet: its locks block no one.
        const table = names.get(relation) && (name ?? names.get(relation));
        if (!table) continue;
        const lock: HeldLock = { table, mode, sql: statement.sql, heldMs: 0 };
        session.held.set(key, { lock, began });
        observed.locks.push(lock);
        unbooked.push(lock);
      }
      for (const { name, reason, sizeBytes } of session.rewrites) {
        const why = rewriteReasons.flatMap(([bit, word]) => (reason & bit ? word : [])).join(', ');
        const rewrite: Rewrite = { table: name, reason: why, sizeBytes, sql: statement.sql };
        observed.rewrites.push(rewrite);
        unbooked.push(rewrite);
      }
      session.locks = [];
      session.rewrites = [];
      if (/^\s*(commit|rollback|end)\b(?!\s+to)/i.test(sql)) release(session, at);
      else if (observed.statements.length < maxStatements) {
        observed.statements.push(statement);
        unbooked.push(statement);
      }
      const booked = bookedMigration(sql, line.detail);
      if (booked) {
        for (const thing of unbooked) thing.migration = booked;
        unbooked = [];
      }
    }
    for (const held of session.held.values()) held.lock.heldMs = Math.max(0, Math.round(at - held.began));
  }
  if (pending) for (const thing of unbooked) thing.migration = pending;
  return observed;
}

interface Session {
  held: Map<string, { lock: HeldLock; began: number }>;
  locks: LockRead[];
  rewrites: { name: string; reason: number; sizeBytes: number }[];
}

/** Weakest first: https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES */
const modes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/**
 * The strongest lock on each relation: a rewrite takes ShareLock beside its AccessExclusiveLock, which is no index being
 * built.
 */
function strongest(locks: LockRead[]): LockRead[] {
  const by = new Map<number, LockRead>();
  for (const lock of locks) {
    const known = by.get(lock.relation);
    if (!known || modes.indexOf(lock.mode) > modes.indexOf(known.mode)) by.set(lock.relation, lock);
  }
  return [...by.values()];
}

function release(session: Session, at: number): void {
  for (const { lock, began } of session.held.values()) lock.heldMs = Math.max(0, Math.round(at - began));
  session.held.clear();
}

function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    // The first line may be cut, the last not written to its end.
    return undefined;
  }
}

/** Values of rows are blanked out; what defines objects (enum values, defaults) stays readable. */
function shown(sql: string): string {
  const text = sql.trim().replace(/;$/, '');
  const isDml = /^(insert|update|delete|select|with|merge|copy)\b/i.test(text);
  return (isDml ? text.replace(/'(?:[^']|'')*'/g, "'…'") : text).slice(0, maxSql);
}
