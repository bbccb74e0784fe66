import type { components } from '../../../openapi/types.ts';
import { Problem } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import type { MaskingPlan, PlannedTable } from '../../masking/plan/plan.ts';
import type { SourceAddress } from '../address.ts';
import type { ServerFacts, SourceCatalog } from '../catalog.ts';
import type { Contents } from './contents.ts';
import { dumpDamaged, dumpInvalid } from './errors.ts';
import { readDump } from './read.ts';
import type { Received } from './receive.ts';
import type { RoomSpec } from './room.ts';
import type { DumpRows } from './rows.ts';
import { startSchemaServer } from './schema-server.ts';

/** A dump that is ready to be captured: a server with its schema, which is read as production would be, and its rows. */
export interface OpenedDump {
  schema: SourceAddress;
  rows: DumpRows;
  /** Of that server. What the dump gives to the stack's superuser is not its own. */
  superuser: string;
  /** What is of the dump and not of the server that holds its schema. */
  facts: Partial<ServerFacts>;
  sizeBytes: number;
  warnings: { where: string; what: string }[];
  report: components['schemas']['ReportedDump'];
}

export interface DumpToOpen {
  room: RoomSpec & { superuser: string; initdbArgs: string | undefined; database: string };
  received: Received;
  /** What it is called in messages and in the report. */
  name: string;
  signal: AbortSignal;
  onProgress(message: string): void;
}

/** Reads what is in a dump, and starts a server with its schema in its room. @throws Problem `dump-invalid`, `capture-failed` */
export async function openDump({ room, received, name, signal, onProgress }: DumpToOpen): Promise<OpenedDump> {
  const contents = await readDump(room.container, received.format, signal, (read, total) =>
    onProgress(`reading what is in ${name}: ${read} of ${total} statements`),
  );
  const server = await startSchemaServer(room, contents, signal);
  const { createdAt, serverVersion, pgDumpVersion, locale } = contents;
  const { format, sizeBytes, sha256 } = received;
  const warnings = server.warnings.map((what) => ({ where: name, what }));
  if (!createdAt)
    warnings.push({ where: name, what: 'the dump does not say when it was made: takenAt is when greenroom got it' });
  if (!locale) warnings.push({ where: name, what: 'the dump does not say its locale: text sorts by the image’s' });
  return {
    schema: { url: server.url, name },
    superuser: server.superuser,
    rows: { container: room.container, tables: rowsByTable(contents) },
    facts: {
      at: createdAt ?? new Date(received.receivedAt),
      lsn: '',
      ...(serverVersion === undefined ? {} : { version: serverVersion }),
    },
    sizeBytes,
    warnings,
    report: {
      ...{ format, sizeBytes, sha256 },
      ...(createdAt ? { createdAt: createdAt.toISOString() } : {}),
      ...(pgDumpVersion === undefined ? {} : { pgDumpVersion }),
    },
  };
}

function rowsByTable({ tables }: Contents): DumpRows['tables'] {
  const found: DumpRows['tables'] = new Map();
  for (const rows of tables) {
    const name = `${rows.schema}.${rows.table}`;
    if (found.has(name)) throw dumpInvalid('it holds rows of a table twice', undefined, name);
    found.set(name, rows);
  }
  return found;
}

/**
 * A plan for the rows of a dump: their columns in the dump's order. What the dump has no rows of stays empty, and is said.
 * @throws Problem `dump-invalid` for rows that belong to no table
 */
export function planRows(plan: MaskingPlan, { rows, warnings }: OpenedDump, catalog: SourceCatalog): MaskingPlan {
  const planned = new Set(plan.tables.map(tableName));
  const kinds = new Map(catalog.tables.map((table) => [tableName(table), table.kind]));
  for (const name of rows.tables.keys()) {
    if (planned.has(name)) continue;
    if (kinds.get(name) === 'p')
      throw dumpInvalid('it holds rows of a partitioned table', 'Make it without --load-via-partition-root.', name);
    warnings.push({
      where: name,
      what: 'the dump’s rows of it are left out: its schema is not chosen, or it is an extension’s, or a foreign table',
    });
  }
  return { ...plan, tables: plan.tables.map((table) => inOrder(table, rows, warnings)) };
}

function inOrder(table: PlannedTable, rows: DumpRows, warnings: { where: string; what: string }[]): PlannedTable {
  const name = tableName(table);
  const found = rows.tables.get(name);
  if (!found) {
    warnings.push({ where: name, what: 'the dump holds no rows of it, not even none: it stays empty' });
    return table;
  }
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const columns = found.columns.map((column) => byName.get(column));
  if (columns.length !== byName.size || columns.includes(undefined))
    throw dumpDamaged('the rows of a table have other columns than the table', name);
  return { ...table, columns: columns as PlannedTable['columns'] };
}

/** It lies in memory, so it is lost with the engine, and with what held it. */
export function dumpIsGone(name: string): Problem {
  return new Problem(
    'dump-invalid',
    `${name} is not there any more: it lay in the memory of the Docker engine's machine`,
    {
      remedy: 'Send it again.',
    },
  );
}
