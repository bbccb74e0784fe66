import type pg from 'pg';
import { changesBetween, fingerprintOfSchema, readSchema, type Schema, type SchemaChange } from '../database/schema.ts';
import { Problem, type ProblemCode, type ProblemDocument } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { type SourceAddress, serverOf } from '../sources/address.ts';
import { catalogQuery, readMajor } from '../sources/catalog.ts';
import { closeSource, openSource } from '../sources/connect.ts';
import { sourceProblem } from '../sources/errors.ts';
import { openLine } from '../sources/line.ts';
import { openSourceRow } from '../sources/store.ts';
import { captured, comparable, leftOutBy } from './comparable-schema.ts';
import { appliedMigrations } from './migrator.ts';
import { type MigrationStatus, statusOf } from './status.ts';

/** What a table holds on disk. */
export interface TableSize {
  name: string;
  /** With TOAST, without indexes. */
  tableBytes: number;
  totalBytes: number;
  /** -1: never analysed. */
  estimatedRows: number;
}

/** A database as production and a copy of it are compared: definitions as they print with an empty search_path. */
export interface Compared {
  major: number;
  schema: Schema;
  applied: string[];
  tables: TableSize[];
}

/** What a release's migrations would be against production itself, and how far the copy is from it. */
export interface Production extends Partial<Omit<MigrationStatus, 'applied'>> {
  source: string;
  at: string;
  /** The source could not be read; nothing else is known then. */
  error?: ProblemDocument;
  /** The server's major version. */
  major?: number;
  /** SHA-256 over what a snapshot would hold of its schema. */
  fingerprint?: string;
  applied?: string[];
  /** What it was compared with. */
  against?: 'snapshot' | 'stack';
  /** What the copy had applied. */
  appliedThere?: string[];
  /** From the copy to production: `added` is what production has and the copy has not. */
  drift?: SchemaChange[];
  /** Objects of production that no snapshot has: foreign tables, views that read them, invalid indexes. */
  leftOut?: string[];
  tables?: (TableSize & { copyBytes: number })[];
}

const statementTimeout = '10s';

/**
 * Reads production, and only reads it: its books, its schema and the size of its tables, at one moment.
 * @throws Problem `source-unreachable`, `source-refused`
 */
export async function readProduction(address: SourceAddress, schema: string, signal: AbortSignal): Promise<Compared> {
  const line = await openLine(address);
  const close = () => line.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const client = await openSource(address, line);
    return await readCompared(client, schema).finally(() => closeSource(client));
  } catch (error) {
    throw line.broken.aborted ? line.broken.reason : sourceProblem(error, serverOf(address));
  } finally {
    signal.removeEventListener('abort', close);
    await close();
  }
}

/** The same of a stack's or a clone's database. */
export async function readCompared(client: pg.Client, schema: string): Promise<Compared> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await client.query(
      `SET LOCAL search_path = ''; SET LOCAL statement_timeout = '${statementTimeout}'; SET LOCAL quote_all_identifiers = off`,
    );
    return {
      major: await readMajor(client),
      schema: await readSchema(client),
      applied: await appliedMigrations(client, schema),
      tables: await catalogQuery<TableSize>(client, 'table-sizes'),
    };
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}

const unanswered: ProblemCode[] = ['source-unreachable', 'source-refused', 'not-found'];

export interface ProductionQuestion {
  project: string;
  source: string;
  schema: string;
  against: 'snapshot' | 'stack';
  /** Reads the copy that production is compared with. */
  copy(): Promise<Compared>;
  /** What the release's migrator has; undefined where it does not say. */
  known: string[] | undefined;
  signal: AbortSignal;
}

/** Asks production; that it cannot be read is an answer too, because a VPN that is down is no fault of the release. */
export async function askProduction(
  greenroom: Pick<Greenroom, 'pool' | 'sealer' | 'settings'>,
  { project, source, schema, against, copy, known, signal }: ProductionQuestion,
): Promise<Production> {
  const at = new Date().toISOString();
  let production: Compared;
  let schemas: string[] | undefined;
  try {
    const { address } = await openSourceRow(greenroom, project, source);
    schemas = address.schemas;
    production = await readProduction(address, schema, signal);
  } catch (error) {
    signal.throwIfAborted();
    // What is wrong with greenroom itself is no answer of production's.
    if (!(error instanceof Problem) || !unanswered.includes(error.code)) throw error;
    return { source, at, error: error.toDocument() };
  }
  return { source, at, against, ...compare(production, await copy(), known, schemas) };
}

function compare(production: Compared, copy: Compared, known: string[] | undefined, schemas: string[] | undefined) {
  const sameMajor = production.major === copy.major;
  const [there, here] = [copy, production].map(({ schema }) => comparable(captured(schema, schemas), sameMajor));
  const bytes = new Map(copy.tables.map(({ name, tableBytes }) => [name, tableBytes]));
  const { applied: _, ...status } = known ? statusOf(known, production.applied) : {};
  return {
    major: production.major,
    fingerprint: fingerprintOfSchema(here!),
    applied: production.applied,
    ...status,
    appliedThere: copy.applied,
    drift: changesBetween(there!, here!),
    leftOut: leftOutBy(production.schema),
    tables: production.tables.flatMap((table) => {
      const copyBytes = bytes.get(table.name);
      return copyBytes === undefined ? [] : [{ ...table, copyBytes }];
    }),
  };
}
