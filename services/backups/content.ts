import type pg from 'pg';
import type { components } from '../../openapi/types.ts';
import { fingerprintOfSchema, outlineOfSchema, readSchema, schemaFormat } from '../database/schema.ts';
import type { Mistake } from '../errors.ts';
import { identifier, literal } from '../quoting.ts';
import { withoutValues } from '../sources/errors.ts';

/** What a database holds, for comparing two: the same for databases with the same rows, whatever their order on disk. */
export interface DatabaseContent {
  schemaFingerprint: string;
  /** How objects were read for it; undefined is 1. */
  schemaFormat?: number;
  /** What stays of it when the schema is dumped and restored. */
  schemaOutline?: string;
  /** How rows were read for it; undefined is 1. */
  rowFormat?: number;
  /** By `schema.table`; tables and materialized views. Unlogged ones are left out: a physical backup holds none of their rows. */
  tables: Record<string, { rows: number; hash: string }>;
  /** By name: last value, and whether it was handed out. */
  sequences: Record<string, string>;
  /** Of those that moved while it was read: how far a copy of that time may be. No transaction holds them still. */
  moved?: Record<string, number>;
  largeObjects: { rows: number; hash: string };
}

/** 1 hashes a row's text, which takes five times as long as the hashes of its columns' texts. */
const newestRowFormat = 2;

const ownSchemas = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'greenroom_observe')`;

interface Table {
  name: string;
  kind: 'r' | 'p' | 'm';
  /** Each column's value as text: `t` is the table. */
  texts: string[];
}

/**
 * Tables of a database's own schemas whose rows a backup holds, quoted; of a view that was never filled nobody may ask any.
 * Cast to text, xml would have the encoding that it came in, which a dump does not carry over.
 */
export async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind,
       ARRAY(SELECT format(CASE a.atttypid WHEN 'pg_catalog.xml'::regtype
             THEN 'CASE WHEN t.%1$I IS NOT NULL THEN format(''%%s'', t.%1$I) END' ELSE 't.%1$I::text' END, a.attname)
         FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS texts
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND c.relispopulated AND c.relpersistence = 'p' AND ${ownSchemas} ORDER BY 1`,
  );
  return rows;
}

/**
 * Reads all of it, in one transaction that sees one moment: `moment` makes it that of another session, which may go on
 * once `imported` is called. To be compared with what an older greenroom has read, it is read as that did: see `readAs`.
 *
 * Values count by their text, so settings that change how they are written are set first. The sum of the hashes does
 * not depend on the order of the rows.
 */
export async function readContent(
  client: pg.Client,
  {
    moment,
    rowFormat = newestRowFormat,
  }: { moment?: { exportedSnapshot: string; imported(): Promise<unknown> }; rowFormat?: number } = {},
): Promise<DatabaseContent> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    if (moment) await client.query(`SET TRANSACTION SNAPSHOT ${literal(moment.exportedSnapshot)}`);
    await client.query(
      `SET LOCAL search_path = pg_catalog; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres';
       SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3;
       SET LOCAL xmlbinary = 'base64'; SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off;
       SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'`,
    );
    const found = await tablesOf(client);
    // A table that is emptied or dropped meanwhile would have no rows for whoever looks back.
    const names = found.filter(({ kind }) => kind !== 'm').map(({ name }) => name);
    if (names.length > 0) await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
    const sequences = await readSequences(client);
    await moment?.imported();
    const schema = await readSchema(client);
    const [schemaFingerprint, schemaOutline] = [fingerprintOfSchema(schema), outlineOfSchema(schema)];
    const tables: DatabaseContent['tables'] = {};
    for (const { name, kind, texts } of found) {
      if (kind === 'p') continue;
      const hash = rowFormat === 1 ? `hashtextextended((t.*)::text, 0)` : hashOfColumns(texts);
      tables[name] = await hashOf(client, hash, `ONLY ${name} t`).catch((error) => {
        throw new Error(`${name}: ${withoutValues(error)}`, { cause: error });
      });
    }
    const page = `hashtextextended(loid || ':' || pageno || ':' || encode(data, 'hex'), 0)`;
    const largeObjects = await hashOf(client, page, 'pg_largeobject');
    const moved = moment ? movedBetween(sequences, await readSequences(client)) : {};
    const held = Object.fromEntries(Object.entries(sequences).map(([name, { value }]) => [name, value]));
    return {
      ...{ schemaFingerprint, schemaOutline, schemaFormat, rowFormat, tables, largeObjects, sequences: held },
      ...(Object.keys(moved).length > 0 ? { moved } : {}),
    };
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}

/** How to read what is to be compared with this. */
export function readAs({ rowFormat = 1 }: DatabaseContent): { rowFormat: number } {
  return { rowFormat };
}

async function hashOf(client: pg.Client, hash: string, from: string): Promise<{ rows: number; hash: string }> {
  const { rows } = await client.query<{ rows: number; hash: string }>(
    `SELECT count(*)::float8 AS rows, coalesce(sum(${hash}), 0)::text AS hash FROM ${from}`,
  );
  return rows[0]!;
}

/** Each column with a seed of its own, so that no two can change places; hashed once more, so that no two rows can share theirs. */
function hashOfColumns(texts: string[]): string {
  const hashes = texts.map(
    (text, index) => `coalesce(hashtextextended((${text}) COLLATE "C", ${index + 1}), ${index + 1})`,
  );
  return `hashint8extended(${together(hashes)}, 0)`;
}

/** As a balanced tree: Postgres descends into 1,600 columns in a row deeper than its stack may be. */
function together(hashes: string[]): string {
  if (hashes.length < 2) return hashes[0] ?? '0';
  const half = Math.ceil(hashes.length / 2);
  return `(${together(hashes.slice(0, half))} # ${together(hashes.slice(half))})`;
}

interface Sequence {
  /** As it is compared. */
  value: string;
  last: number;
  increment: number;
}

async function readSequences(client: pg.Client): Promise<Record<string, Sequence>> {
  const { rows } = await client.query<{ schema: string; name: string; increment: number }>(
    `SELECT n.nspname AS schema, c.relname AS name, s.seqincrement::float8 AS increment FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
     WHERE ${ownSchemas} ORDER BY 1, 2`,
  );
  const sequences: Record<string, Sequence> = {};
  for (const { schema, name, increment } of rows) {
    const sequence = `${identifier(schema)}.${identifier(name)}`;
    const { rows: values } = await client.query<{ value: string; last: number }>(
      `SELECT last_value || CASE WHEN is_called THEN '' ELSE ' (not called)' END AS value, last_value::float8 AS last
       FROM ${sequence}`,
    );
    sequences[sequence] = { ...values[0]!, increment };
  }
  return sequences;
}

/** The server logs a sequence this many values ahead, and recovers it there: commands/sequence.c, SEQ_LOG_VALS. */
const loggedAhead = 32;

function movedBetween(before: Record<string, Sequence>, after: Record<string, Sequence>): Record<string, number> {
  const moved = Object.entries(after).filter(([name, { value }]) => before[name] && before[name].value !== value);
  return Object.fromEntries(moved.map(([name, { last, increment }]) => [name, last + loggedAhead * increment]));
}

function isOnItsWay(value: string, from: string, to: number): boolean {
  const [at, start] = [Number.parseInt(value, 10), Number.parseInt(from, 10)];
  return Math.min(start, to) <= at && at <= Math.max(start, to);
}

/**
 * Everything that differs, in words. None: the same.
 * @param from a copy of the files has to have the very same schema, a restored dump its outline.
 */
export function differencesBetween(
  expected: DatabaseContent,
  found: DatabaseContent,
  from: components['schemas']['BackupForm'] = 'clone',
): Mistake[] {
  const differences: Mistake[] = [];
  const key = from === 'dump' ? 'schemaOutline' : 'schemaFingerprint';
  // A backup of an older greenroom says nothing that could be compared.
  if (expected.schemaFormat === found.schemaFormat && expected[key] !== found[key])
    differences.push({ where: 'schema', what: 'objects or their definitions differ' });
  for (const name of namesOf(expected.tables, found.tables)) {
    const [before, now] = [expected.tables[name], found.tables[name]];
    if (!before || !now) differences.push({ where: name, what: before ? 'the table is missing' : 'nobody knows it' });
    else if (before.rows !== now.rows)
      differences.push({ where: name, what: `${now.rows} rows instead of ${before.rows}` });
    else if (before.hash !== now.hash) differences.push({ where: name, what: 'the content of rows differs' });
  }
  for (const name of namesOf(expected.sequences, found.sequences)) {
    const [before, now] = [expected.sequences[name] ?? 'none', found.sequences[name] ?? 'none'];
    const to = expected.moved?.[name];
    if (before !== now && (to === undefined || !isOnItsWay(now, before, to)))
      differences.push({ where: name, what: `the sequence is at ${now} instead of ${before}` });
  }
  if (
    expected.largeObjects.rows !== found.largeObjects.rows ||
    expected.largeObjects.hash !== found.largeObjects.hash
  ) {
    differences.push({ where: 'pg_largeobject', what: 'large objects differ' });
  }
  return differences;
}

function namesOf(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
}
