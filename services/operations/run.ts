import type pg from 'pg';
import type { Logger } from 'pino';
import { type Database, query, queryOne } from '../database/queries.ts';
import { messageOf, Problem } from '../errors.ts';
import { recordEvent } from '../events/events.ts';
import type { Followers } from './follow.ts';
import type { OperationContext, OperationKind, OperationKinds, UndoReason } from './kind.ts';
import { LockLost, withSubjectLock } from './lock.ts';
import type { OperationRow } from './read.ts';

export interface Runner {
  pool: pg.Pool;
  databaseConfig: pg.ClientConfig;
  followers: Followers;
  kinds: OperationKinds;
  log: Logger;
}

/** An operation that has brought its process down this often is given up and undone. */
const maxAttempts = 5;

/** The reason greenroom's own shutdown aborts with: the operation is left as it is, for the next process to resume. */
export class ShuttingDown extends Error {}

/**
 * Runs an operation to its end, or resumes one that a killed process left behind. Returns when the operation has
 * ended and its record says how; throws only when it should be tried again (greenroom shuts down, its database went
 * away, or the lock was lost).
 */
export async function runOperation(runner: Runner, id: string, shutdown: AbortSignal): Promise<void> {
  const row = await queryOne<OperationRow>(runner.pool, 'start-operation', [id]);
  if (!row) return;
  const log = runner.log.child({ operation: id, kind: row.kind, subject: row.subject });
  const stop = new AbortController();
  const following = runner.followers.follow(id, () => {
    queryOne<OperationRow>(runner.pool, 'get-operation', [id]).then(
      (now) => now?.cancel_requested && stop.abort(cancelled()),
      (error) => log.warn({ err: error }, 'could not look whether the operation is cancelled'),
    );
  });
  if (row.cancel_requested) stop.abort(cancelled());
  try {
    await withSubjectLock(runner.databaseConfig, row.subject, shutdown, (signal) =>
      attempt(runner, row, AbortSignal.any([signal, stop.signal]), shutdown, log),
    );
  } finally {
    following.stop();
  }
}

async function attempt(runner: Runner, row: OperationRow, signal: AbortSignal, shutdown: AbortSignal, log: Logger) {
  const { pool } = runner;
  const kind = runner.kinds[row.kind] as OperationKind<unknown>;
  const notes = noteTaker(pool, row.id, log);
  const context = { id: row.id, subject: row.subject, requestedBy: row.requested_by, ...notes };
  let failure = row.error as UndoReason | null;
  if (!failure && row.attempt > maxAttempts) {
    failure = new Problem('internal', `Given up after ${maxAttempts} attempts, each broken off`).toDocument();
  }
  if (!failure) {
    try {
      log.info({ attempt: row.attempt }, 'operation starts');
      const result = await kind.run(row.input, { ...context, signal, step: stepper(pool, row.id, signal) });
      await notes.flush();
      await query(pool, 'finish-operation', [row.id, 'succeeded', result, null]);
      log.info('operation succeeded');
      return;
    } catch (error) {
      if (shutdown.aborted) throw shutdown.reason;
      // The job is tried again, under a new lock, and goes on where this attempt was.
      if (signal.reason instanceof LockLost) throw signal.reason;
      failure = problemOf(signal.aborted ? signal.reason : error);
      log.error({ err: error, code: failure.code }, 'operation failed; taking down what it made');
    }
  }
  await query(pool, 'set-operation-error', [row.id, failure]);
  notes.log(`${failure.title}: ${failure.detail}`);
  const steps = await query<{ name: string }>(pool, 'begun-steps', [row.id]);
  await kind.undo(row.input, { ...context, begun: new Set(steps.map(({ name }) => name)) }, failure);
  await notes.flush();
  const state = failure.code === 'cancelled' ? 'cancelled' : 'failed';
  await query(pool, 'finish-operation', [row.id, state, null, failure]);
  await recordEvent(pool, {
    actor: 'greenroom',
    action: `${row.kind}.${state}`,
    subject: row.subject,
    operation: row.id,
    detail: { code: failure.code },
  });
}

function cancelled(): Problem {
  return new Problem('cancelled', 'Cancelled on request; what it had made was taken down');
}

function problemOf(error: unknown): UndoReason {
  if (error instanceof Problem) return error.toDocument();
  return new Problem('internal', messageOf(error), { remedy: 'The service log has the details.' }).toDocument();
}

/** Outcomes of steps are recorded before the next begins, so that a restart knows where to go on. */
function stepper(database: Database, id: string, signal: AbortSignal): OperationContext['step'] {
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const recorded = await queryOne<{ state: string; output: T }>(database, 'get-step', [id, name]);
    if (recorded?.state === 'done') return recorded.output;
    await query(database, 'begin-step', [id, name]);
    try {
      const output = await work();
      await query(database, 'end-step', [id, name, 'done', JSON.stringify(output ?? null)]);
      return output;
    } catch (error) {
      await query(database, 'end-step', [id, name, 'failed', null]).catch(() => {});
      throw error;
    }
  };
}

const progressEveryMs = 250;

/** Writes progress and log lines in order and without making the work wait for them. */
function noteTaker(database: Database, id: string, log: Logger) {
  let writing: Promise<unknown> = Promise.resolve();
  let latest: { message: string; done?: number; total?: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const write = (name: string, values: unknown[]) => {
    writing = writing
      .then(() => query(database, name, values))
      .catch((error) => log.warn({ err: error }, `could not write to ${name}`));
  };
  const writeProgress = () => {
    timer = undefined;
    if (latest) write('set-operation-progress', [id, latest]);
    latest = undefined;
  };
  return {
    progress(message: string, done?: number, total?: number) {
      latest = { message, ...(done === undefined ? {} : { done }), ...(total === undefined ? {} : { total }) };
      timer ??= setTimeout(writeProgress, progressEveryMs);
    },
    log(line: string) {
      write('insert-log-line', [id, line]);
    },
    async flush() {
      clearTimeout(timer);
      writeProgress();
      await writing;
    },
  };
}
