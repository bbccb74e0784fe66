import { setTimeout } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type pg from 'pg';
import { Problem, type ProblemDocument } from '../../errors.ts';
import { dictionaries } from '../../masking/dictionaries.ts';
import type { Materials } from '../../masking/kind.ts';
import { createMaterials } from '../../masking/materials.ts';
import type { PlannedTable } from '../../masking/plan/plan.ts';
import { createTableMask } from '../../masking/rows/table.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { CopyOut } from '../../sources/copy-out.ts';
import type { DumpRows } from '../../sources/dump/rows.ts';
import { isCut, sourceCut, withoutValues } from '../../sources/errors.ts';
import { type Line, openLine } from '../../sources/line.ts';
import type { Pace } from '../../sources/pace.ts';
import { collecting } from '../audit/collecting.ts';
import { createCollection } from '../audit/collector.ts';
import type { PartCounts } from '../audit/counts.ts';
import { createInFlight } from '../audit/in-flight.ts';
import type { AuditSetup } from '../audit/setup.ts';
import { beginReading, closeSessions, holdTable, openSessions, type Sessions } from './copy-session.ts';
import { CopyFailure, type CopyTask, copyOutOf, copyTable, type ReadRows } from './copy-table.ts';
import { columnsAt } from './failed-columns.ts';
import type { TargetLogin } from './login.ts';

/** What a worker thread is told first. */
export interface WorkerInput {
  source: SourceAddress;
  exportedSnapshot: string;
  /** Where the rows come from, if not from the source itself. */
  dump?: DumpRows;
  /** Of all workers together. */
  pace: Pace | undefined;
  target: TargetLogin;
  database: string;
  key: Uint8Array;
  /** Whose words masked values are made of. */
  locale: string | undefined;
  tables: PlannedTable[];
  /** What each value that is shuffled becomes, by pool. */
  pools: Materials['pools'];
  /** What source and target are in. */
  encoding: string;
  audit: AuditSetup;
}

export type WorkerMessage =
  | { type: 'ready' }
  | { type: 'bytes'; bytes: number }
  | { type: 'originals'; originals: Uint32Array<ArrayBuffer> }
  | { type: 'done'; index: number; rows: number; bytes: number; audited: PartCounts; collectMs: number }
  | { type: 'retried'; index: number; message: string }
  | { type: 'failed'; index?: number; end?: 'source' | 'target'; columns: string[]; message: string; code: string }
  | { type: 'problem'; problem: ProblemDocument };

/**
 * A session that is lost is opened anew for the same part, so long afterwards each time: half a minute in all, for a
 * server may count a backend of its own that it has not ended yet (53300), and a proxy takes seconds to come back. Where
 * the source is gone for good, so is the session that exported the snapshot, and nothing waits for this.
 */
const retryAfterMs = [1000, 2000, 4000, 8000, 16_000];

/** A message costs as much as masking a hundred rows. */
const progressEveryMs = 100;

const port = parentPort!;
let input: WorkerInput;
const send = (message: WorkerMessage) => port.postMessage(message);

/** Copies the tables it is sent, one at a time, each through sessions of its own on the one exported snapshot. */
async function main(): Promise<void> {
  const line = await openLine(input.source);
  let sessions = await openSessions(input, line);
  const inFlight = createInFlight(input.audit.inFlight);
  const masks: Masks = {
    materials: createMaterials(input.key, dictionaries(input.locale), input.pools, input.encoding),
    collectorOf: createCollection(input.audit, (originals) => {
      inFlight.send(originals.byteLength);
      port.postMessage({ type: 'originals', originals } satisfies WorkerMessage, [originals.buffer]);
    }),
  };
  port.on('message', async (task: CopyTask | 'end') => {
    if (task === 'end') {
      await closeSessions(sessions);
      port.close();
      return;
    }
    const waits = [...retryAfterMs];
    for (;;) {
      try {
        send({ type: 'done', index: task.index, ...(await copy(sessions, task, masks)) });
        return;
      } catch (error) {
        const lost = error instanceof CopyFailure && error.end === 'source' && isLost(error.cause);
        if (!lost || waits.length === 0) return fail((await damageIn(task)) ?? error, task, sessions);
        await closeSessions(sessions);
        const renewed = await renew(line, waits);
        // The loss says more than that the snapshot is gone, too.
        if (!renewed) return fail(error, task, sessions);
        sessions = renewed;
        send({ type: 'retried', index: task.index, message: withoutValues(error.cause) });
      }
    }
  });
  send({ type: 'ready' });
}

/** What a worker masks with, and what of it is kept for the audit. */
interface Masks {
  materials: Materials;
  collectorOf: ReturnType<typeof createCollection>;
}

async function copy({ source, target }: Sessions, task: CopyTask, { materials, collectorOf }: Masks) {
  await holdTable(source, input.exportedSnapshot, task);
  let sent = 0;
  let unsaid = 0;
  let saidAt = 0;
  const tell = () => {
    send({ type: 'bytes', bytes: unsaid });
    sent += unsaid;
    unsaid = 0;
    saidAt = performance.now();
  };
  const onBytes = (bytes: number) => {
    unsaid += bytes;
    if (performance.now() >= saidAt + progressEveryMs) tell();
  };
  try {
    // What was collected of a part that failed is counted with none.
    const collector = collectorOf(task.index, task.format);
    const tableMask = createTableMask(materials, input.tables[task.index]!, task.format);
    const { mask, settle, collectMs } = collecting(tableMask, collector);
    const result = await copyTable(await readFrom(source), target, task, mask, input.pace, onBytes);
    if (unsaid > 0) tell();
    settle();
    return { ...result, audited: collector?.finish() ?? new Map(), collectMs: collectMs() };
  } catch (error) {
    send({ type: 'bytes', bytes: -sent });
    throw error;
  }
}

/** What reads dumps is loaded only where there is one: it brings the engine's client and a parser, 30 MB a thread. */
const dumpReader = () => import('../../sources/dump/rows.ts');

async function readFrom(source: pg.Client): Promise<ReadRows> {
  const { dump } = input;
  if (!dump) return (task) => source.query(new CopyOut(copyOutOf(task)));
  const { readRows } = await dumpReader();
  return (task) => readRows(dump, task);
}

/** Rows of a damaged dump may look like anything before its checksum is found wrong. */
async function damageIn(task: CopyTask): Promise<Problem | undefined> {
  if (!input.dump) return undefined;
  const { damageOf } = await dumpReader();
  return damageOf(input.dump, task);
}

/** A dump that ends too soon does so again. */
function isLost(error: unknown): boolean {
  return !(error instanceof Problem) && isCut(error);
}

/**
 * Opens sessions after the next of `waits`, which is used up, and again after the one after that. Rows of the part that
 * were sent to the target already went with its session.
 *
 * @returns undefined where the snapshot is gone, or all waits are over.
 */
async function renew(line: Line, waits: number[]): Promise<Sessions | undefined> {
  while (waits.length > 0) {
    await setTimeout(waits.shift());
    const renewed = await openSessions(input, line).catch(() => undefined);
    if (!renewed) continue;
    try {
      // Whether the snapshot is still there: it lives as long as the session that exported it.
      await renewed.source.query(beginReading(input.exportedSnapshot));
      return renewed;
    } catch (error) {
      await closeSessions(renewed);
      if (!isLost(error)) return undefined;
    }
  }
  return undefined;
}

async function fail(thrown: unknown, task?: CopyTask, sessions?: Sessions): Promise<void> {
  const failure = thrown instanceof CopyFailure ? thrown : undefined;
  const error = failure ? failure.cause : thrown;
  const problem = failure?.end === 'source' && isLost(error) ? sourceCut(error, serverOf(input.source)) : error;
  if (problem instanceof Problem) {
    send({ type: 'problem', problem: problem.toDocument() });
    return;
  }
  send({
    type: 'failed',
    ...(task ? { index: task.index } : {}),
    ...(failure ? { end: failure.end } : {}),
    columns: task && sessions && failure?.end === 'target' ? await columnsAt(error, task, sessions.target) : [],
    message: withoutValues(error),
    code: String((error as { code?: string }).code ?? ''),
  });
}

port.once('message', (told: WorkerInput) => {
  input = told;
  main().catch((error) => fail(error));
});
