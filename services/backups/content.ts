import type pg from 'pg';
import type { components } from '../../openapi/types.ts';
import { fingerprintOfSchema, outlineOfSchema, readSchema } from '../database/schema.ts';
import { type Mistake, messageOf } from '../errors.ts';
import { identifier, literal } from '../snapshots/adopt.ts';

/** What a database holds, for comparing two: the same for databases with the same rows, whatever their order on disk. */
export interface DatabaseContent {
  schemaFingerprint: string;
  /** What stays of it when the schema is dumped and restored. */
  schemaOutline?: string;
  /** By `schema.table`; tables and materialized views. Unlogged ones are left out: a physical backup holds none of their rows. */
  tables: Record<string, { rows: number; hash: string }>;
  /** By name: last value, and whether it was handed out. */
  sequences: Record<string, string>;
  largeObjects: { rows: number; hash: string };
}

const ownSchemas = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'greenroom_observe')`;

/** Tables of a database's own schemas whose rows a backup holds, quoted. */
export async function tablesOf(client: pg.Client): Promise<{ name: string; kind: 'r' | 'p' | 'm' }[]> {
  const { rows } = await client.query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence = 'p' AND ${ownSchemas} ORDER BY 1`,
  );
  return rows;
}

/**
 * Reads all of it, in one transaction that sees one moment: `moment` makes it that of another session, which may go on
 * once `imported` is called. Takes about 2.5 s for 1 GB.
 *
 * A row counts by its text, so settings that change how values are written are set first. The sum of the hashes does
 * not depend on the order of the rows.
 */
export async function readContent(
  client: pg.Client,
  moment?: { exportedSnapshot: string; imported(): Promise<unknown> },
): Promise<DatabaseContent> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    if (moment) {
      await client.query(`SET TRANSACTION SNAPSHOT ${literal(moment.exportedSnapshot)}`);
      await moment.imported();
    }
    await client.query(
      `SET LOCAL search_path = pg_catalog; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres';
       SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3;
       SET LOCAL xmlbinary = 'base64'; SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off;
       SET LOCAL statement_timeout = 0`,
    );
    const schema = await readSchema(client);
    const [schemaFingerprint, schemaOutline] = [fingerprintOfSchema(schema), outlineOfSchema(schema)];
    const tables: DatabaseContent['tables'] = {};
    for (const { name, kind } of await tablesOf(client)) {
      if (kind === 'p') continue;
      tables[name] = await hashOf(client, `(SELECT (t.*)::text AS line FROM ONLY ${name} t) lines`).catch((error) => {
        throw new Error(`${name}: ${messageOf(error)}`, { cause: error });
      });
    }
    const largeObjects = await hashOf(
      client,
      `(SELECT loid || ':' || pageno || ':' || encode(data, 'hex') AS line FROM pg_largeobject) lines`,
    );
    return { schemaFingerprint, schemaOutline, tables, sequences: await readSequences(client), largeObjects };
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}

async function hashOf(client: pg.Client, lines: string): Promise<{ rows: number; hash: string }> {
  const { rows } = await client.query<{ rows: number; hash: string }>(
    `SELECT count(*)::float8 AS rows, coalesce(sum(hashtextextended(line, 0)), 0)::text AS hash FROM ${lines}`,
  );
  return rows[0]!;
}

async function readSequences(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND ${ownSchemas} ORDER BY 1, 2`,
  );
  const sequences: Record<string, string> = {};
  for (const { schema, name } of rows) {
    const sequence = `${identifier(schema)}.${identifier(name)}`;
    const { rows: values } = await client.query(
      `SELECT last_value || CASE WHEN is_called THEN '' ELSE ' (not called)' END AS value FROM ${sequence}`,
    );
    sequences[sequence] = values[0].value;
  }
  return sequences;
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
  if (expected[key] !== found[key]) differences.push({ where: 'schema', what: 'objects or their definitions differ' });
  for (const name of namesOf(expected.tables, found.tables)) {
    const [before, now] = [expected.tables[name], found.tables[name]];
    if (!before || !now) differences.push({ where: name, what: before ? 'the table is missing' : 'nobody knows it' });
    else if (before.rows !== now.rows)
      differences.push({ where: name, what: `${now.rows} rows instead of ${before.rows}` });
    else if (before.hash !== now.hash) differences.push({ where: name, what: 'the content of rows differs' });
  }
  for (const name of namesOf(expected.sequences, found.sequences)) {
    const [before, now] = [expected.sequences[name] ?? 'none', found.sequences[name] ?? 'none'];
    if (before !== now) differences.push({ where: name, what: `the sequence is at ${now} instead of ${before}` });
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
