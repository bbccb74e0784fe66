import { type Mistake, Problem } from '../errors.ts';
import { tableName } from '../masking/catalog.ts';
import { type SourceAddress, serverOf } from './address.ts';
import { readCatalog, readServer, type ServerFacts, type SourceCatalog } from './catalog.ts';
import { replayDelayOf, replicasOf, serversOf } from './replicas.ts';
import { chooseSchemas, withinSchemas } from './schemas.ts';
import { inReadOnlyTransaction, quickMs } from './session.ts';
import { inTheClear } from './tls.ts';

/** What a source is and holds, and what would keep a capture from reading it. */
export interface Probe {
  readable: boolean;
  /** What stands in the way, each with what to do. */
  obstacles: { where: string; what: string; remedy: string }[];
  /** What keeps no capture from reading it, and ought to be otherwise. */
  warnings: Mistake[];
  server: string;
  version: string;
  database: string;
  sizeBytes: number;
  extensions: string[];
  largeObjects: number;
  /** Whether each of its replicas would be read instead, and why not. */
  replicas: { server: string; usable: boolean; replayDelayMs?: number; why?: string }[];
  tables: { name: string; kind: string; columns: string[]; estimatedRows: number; sizeBytes: number }[];
  [key: string]: unknown;
}

/** Asks a source, read only, within seconds. @throws Problem `source-unreachable`, `source-refused` */
export async function probeSource(address: SourceAddress): Promise<Probe> {
  const replicas = await Promise.all(replicasOf(address).map(askReplica));
  return inReadOnlyTransaction(address, quickMs, async (client) => {
    const server = await readServer(client);
    const schemas = await chooseSchemas(client, address.schemas);
    return probeOf(address, server, withinSchemas(await readCatalog(client, address.schemas), schemas), replicas);
  });
}

async function askReplica(replica: SourceAddress): Promise<Probe['replicas'][number]> {
  const server = serverOf(replica);
  try {
    const replayDelayMs = await inReadOnlyTransaction(replica, quickMs, (client) => replayDelayOf(client, replica));
    return { server, usable: true, replayDelayMs };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { server, usable: false, why: error.message };
  }
}

function probeOf(
  address: SourceAddress,
  server: ServerFacts,
  { tables, sequences }: SourceCatalog,
  replicas: Probe['replicas'],
): Probe {
  const holding = tables.filter(({ kind }) => kind === 'r' || kind === 'p');
  const obstacles = holding.flatMap((table) => {
    const where = tableName(table);
    if (!table.readable) {
      return [
        {
          where,
          what: 'The login may not SELECT it',
          remedy: `GRANT SELECT ON ${where} to the login, or grant it pg_read_all_data`,
        },
      ];
    }
    if (table.rowSecurity) {
      return [
        {
          where,
          what: 'Row security hides rows of it from the login',
          remedy: 'ALTER ROLE … BYPASSRLS for the login',
        },
      ];
    }
    return [];
  });
  obstacles.push(
    ...sequences
      .filter(({ readable }) => !readable)
      .map((sequence) => ({
        where: tableName(sequence),
        what: 'The login may not SELECT it',
        remedy: `GRANT SELECT ON SEQUENCE ${tableName(sequence)} to the login, or grant it pg_read_all_data`,
      })),
  );
  return {
    readable: obstacles.length === 0,
    obstacles,
    warnings: serversOf(address).flatMap(inTheClear),
    server: serverOf(address),
    version: server.version,
    database: server.database,
    sizeBytes: server.size_bytes,
    extensions: server.extensions,
    largeObjects: server.large_objects,
    replicas,
    tables: tables.map((table) => ({
      name: tableName(table),
      kind: { r: 'table', p: 'partitioned table', f: 'foreign table', m: 'materialized view' }[table.kind],
      columns: table.columns.map(({ name }) => name),
      estimatedRows: table.estimatedRows,
      sizeBytes: table.sizeBytes,
    })),
  };
}
