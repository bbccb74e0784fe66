import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { connectDocker } from '../../engine/host.ts';
import { Problem, type ProblemDocument } from '../../errors.ts';
import { dictionaries } from '../../masking/dictionaries.ts';
import { createMaterials } from '../../masking/materials.ts';
import type { PlannedTable } from '../../masking/plan.ts';
import { createTableMask } from '../../masking/table.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { closeSource, openSource } from '../../sources/connect.ts';
import { type DumpRows, damageOf, readRows } from '../../sources/dump/rows.ts';
import { isCut, sourceCut, withoutValues } from '../../sources/errors.ts';
import { openLine } from '../../sources/line.ts';
import type { Pace } from '../../sources/pace.ts';
import { CopyFailure, type CopyTask, copyOutOf, copyTable, type ReadRows } from './copy-table.ts';
import { type Target, targetConfig } from './target.ts';

/** What a worker thread is started with. */
export interface WorkerInput {
  source: SourceAddress;
  exportedSnapshot: string;
  /** Where the rows come from, if not from the source itself. */
  dump?: DumpRows;
  /** Of all workers together. */
  pace: Pace | undefined;
  target: Omit<Target, 'host'>;
  database: string;
  key: Uint8Array;
  tables: PlannedTable[];
}

export type WorkerMessage =
  | { type: 'ready' }
  | { type: 'bytes'; bytes: number }
  | { type: 'done'; index: number; rows: number; bytes: number }
  | { type: 'failed'; index?: number; message: string; code: string }
  | { type: 'problem'; problem: ProblemDocument };

const port = parentPort!;
const input = workerData as WorkerInput;
const send = (message: WorkerMessage) => port.postMessage(message);

/** Copies the tables it is sent, one at a time, each through sessions of its own on the one exported snapshot. */
async function main(): Promise<void> {
  const source = await openSource(input.source, await openLine(input.source));
  await source.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await source.query(`SET TRANSACTION SNAPSHOT '${input.exportedSnapshot}'`);
  const target = new pg.Client(targetConfig({ ...input.target, host: { docker: connectDocker() } }, input.database));
  await target.connect();
  await target.query(
    `SET session_replication_role = replica; SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET client_encoding = 'UTF8'`,
  );
  const { dump } = input;
  const read: ReadRows = dump ? (task) => readRows(dump, task) : (task) => source.query(copyTo(copyOutOf(task)));
  const materials = createMaterials(input.key, dictionaries());
  port.on('message', async (task: CopyTask | 'end') => {
    if (task === 'end') {
      await source.query('COMMIT');
      await closeSource(source);
      await target.end();
      port.close();
      return;
    }
    try {
      const mask = createTableMask(materials, input.tables[task.index]!);
      const onBytes = (bytes: number) => send({ type: 'bytes', bytes });
      const result = await copyTable(read, target, task, mask, input.pace, onBytes);
      send({ type: 'done', index: task.index, ...result });
    } catch (error) {
      fail((dump && (await damageOf(dump, task))) ?? error, task.index);
    }
  });
  send({ type: 'ready' });
}

function fail(thrown: unknown, index?: number): void {
  const error = thrown instanceof CopyFailure ? thrown.cause : thrown;
  const problem =
    thrown instanceof CopyFailure && thrown.end === 'source' && !(error instanceof Problem) && isCut(error)
      ? sourceCut(error, serverOf(input.source))
      : error;
  if (problem instanceof Problem) {
    send({ type: 'problem', problem: problem.toDocument() });
    return;
  }
  const code = String((error as { code?: string }).code ?? '');
  send({ type: 'failed', ...(index === undefined ? {} : { index }), message: withoutValues(error), code });
}

main().catch((error) => fail(error));
