import type pg from 'pg';
import type { Logger } from 'pino';
import { DatabaseAway } from '../database/away.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { engineAwayIn } from '../engine/away.ts';
import { Problem } from '../errors.ts';
import { recordEvent } from '../events/events.ts';
import { withoutValues } from '../sources/errors.ts';
import type { Followers } from './follow.ts';
import { LockLost } from './handover.ts';
import type { OperationContext, OperationKind, OperationKinds, StepLimit, UndoReason } from './kind.ts';
import { withSubjectLock } from './lock.ts';
import { pauseAfter } from './pause.ts';
import { hasEnded, type OperationRow } from './read.ts';

export interface Runner {
  pool: pg.Pool;
  databaseConfig: pg.ClientConfig;
  followers: Followers;
  kinds: OperationKinds;
  /** Why an operation on this subject failed, where more can be said than by the error; asked before it is undone. */
  explain(subject: string, error: unknown): Promise<unknown>;
  log: Logger;
}

/** An operation that was broken off this often, by its process, its engine or its database, is given up and undone. */
const maxAttempts = 5;

/** An operation that runs longer than this, restarts included, is undone; parts of it have shorter limits of their own. */
const limitMs = 12 * 3_600_000;

/**
 * Runs an operation to its end, or resumes one that was broken off. Returns when the operation has ended and its record
 * says how; throws only when it should be tried again: greenroom shuts down, its database or the engine went away, the
 * lock was lost, or what was made could not be taken down. Before it throws it waits for what is worth waiting for, so
 * that trying again at once is right.
 */
export async function runOperation(runner: Runner, id: string, shutdown: AbortSignal): Promise<void> {
  const asked = await queryOne<OperationRow>(runner.pool, 'get-operation', [id]);
  if (!asked || hasEnded(asked)) return;
  const log = runner.log.child({ operation: id, kind: asked.kind, subject: asked.subject });
  const stop = new AbortController();
  const following = runner.followers.follow(id, () => {
    queryOne<OperationRow>(runner.pool, 'get-operation', [id]).then(
      (now) => now?.cancel_requested && stop.abort(cancelled()),
      (error) => log.warn({ err: error }, 'could not look whether the operation is cancelled'),
    );
  });
  let attempts = 1;
  try {
    await withSubjectLock(runner.databaseConfig, asked.subject, shutdown, async (signal) => {
      // Read under the lock: another process, or this one before it lost its lock, may have ended it meanwhile.
      const row = await queryOne<OperationRow>(runner.pool, 'start-operation', [id]);
      if (!row) return;
      attempts = row.attempt;
      if (row.cancel_requested) stop.abort(cancelled());
      const limit = setTimeout(() => stop.abort(tooLong()), row.started_at!.getTime() + limitMs - Date.now());
      try {
        await attempt(runner, row, AbortSignal.any([signal, stop.signal]), shutdown, log);
      } finally {
        clearTimeout(limit);
      }
    });
  } catch (error) {
    if (shutdown.aborted) throw error;
    log.warn({ err: error, attempt: attempts }, 'operation is broken off, to be tried again');
    // Being cancelled ends the pause, but not over and over when it is the taking down that fails.
    const wake = stop.signal.aborted ? shutdown : AbortSignal.any([shutdown, stop.signal]);
    await pauseAfter(error, attempts, wake);
    throw error;
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
      const alone: OperationContext['alone'] = (what, onWait, work) =>
        withSubjectLock(runner.databaseConfig, what, signal, work, onWait);
      const result = await kind.run(row.input, { ...context, signal, alone, step: stepper(pool, row.id, signal) });
      await notes.flush();
      await query(pool, 'finish-operation', [row.id, 'succeeded', result, null]);
      log.info('operation succeeded');
      return;
    } catch (error) {
      if (shutdown.aborted) throw shutdown.reason;
      // The job is tried again, under a new lock, and goes on where this attempt was.
      if (signal.reason instanceof LockLost) throw signal.reason;
      if (error instanceof LockLost) throw error;
      if (error instanceof DatabaseAway) throw error;
      const reason = signal.aborted ? signal.reason : await runner.explain(row.subject, error);
      if (engineAwayIn(reason) && row.attempt < maxAttempts) {
        notes.log(`broken off: ${withoutValues(error)}; it goes on when the engine answers`);
        await notes.flush();
        throw reason;
      }
      failure = problemOf(reason);
      log.error({ err: error, code: failure.code }, 'operation failed; taking down what it made');
    }
  }
  await query(pool, 'set-operation-error', [row.id, failure]);
  notes.log(`${failure.title}: ${failure.detail}`);
  try {
    const steps = await query<{ name: string }>(pool, 'begun-steps', [row.id]);
    await kind.undo(row.input, { ...context, begun: new Set(steps.map(({ name }) => name)) }, failure);
  } catch (error) {
    notes.log(`what it made could not be taken down: ${withoutValues(error)}; that is tried again`);
    throw error;
  } finally {
    await notes.flush();
  }
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

function tooLong(): Problem {
  return new Problem(
    'timed-out',
    `Not finished ${limitMs / 3_600_000} hours after it began; what it had made was taken down`,
  );
}

function problemOf(error: unknown): UndoReason {
  if (error instanceof Problem) return error.toDocument();
  return new Problem('internal', withoutValues(error), { remedy: 'The service log has the details.' }).toDocument();
}

/** Outcomes of steps are recorded before the next begins, so that a restart knows where to go on. */
function stepper(database: Database, id: string, signal: AbortSignal): OperationContext['step'] {
  return async <T>(name: string, work: () => Promise<T>, limit?: StepLimit): Promise<T> => {
    signal.throwIfAborted();
    const recorded = await queryOne<{ state: string; output: T }>(database, 'get-step', [id, name]);
    if (recorded?.state === 'done') return recorded.output;
    const begun = await queryOne<{ interruptions: number }>(database, 'begin-step', [id, name]);
    try {
      if (limit && begun!.interruptions > limit.resumptions) throw limit.problem();
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
