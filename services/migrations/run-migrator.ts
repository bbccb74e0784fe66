import { createHash } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { ensureContainer } from '../stacks/container.ts';
import { readLogs } from '../stacks/logs.ts';
import { type Clone, ownApplicationName } from './clone.ts';
import { failureOf } from './migrator.ts';

/** How a run of the migrator ended. `waits-for-lock` and `hangs` were stopped at the time limit. */
export type Outcome =
  | 'completed'
  | 'failed'
  | 'usage'
  | 'panicked'
  | 'out-of-memory'
  | 'waits-for-lock'
  | 'hangs'
  | 'cannot-start';

export interface MigratorRun {
  outcome: Outcome;
  exitCode?: number;
  durationMs: number;
  /** Its last lines. */
  output: string;
  /** What it was doing when it was stopped. */
  waiting?: string;
}

const pollMs = 50;

/** Runs the migrator with these arguments against a clone and says how it ended. Stopped at `timeoutMs`. */
export async function runMigrator(
  clone: Clone,
  command: string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<MigratorRun> {
  const { host } = clone;
  const configHash = createHash('sha256').update(JSON.stringify(command)).digest('hex');
  const service = { ...clone.migrator, command, configHash, stdinOpen: false, tty: false };
  const container = await ensureContainer(host, clone.name, service, clone.migratorImage);
  const startedAt = performance.now();
  const took = () => Math.round(performance.now() - startedAt);
  try {
    await container.start();
  } catch (error) {
    return { outcome: 'cannot-start', durationMs: took(), output: messageOf(error) };
  }
  const output = async () => (await readLogs(host, container.id, 50)) ?? '';
  for (;;) {
    signal.throwIfAborted();
    const { State: state } = await container.inspect();
    if (!state.Running) {
      const durationMs = Date.parse(state.FinishedAt) - Date.parse(state.StartedAt);
      const outcome = state.OOMKilled
        ? 'out-of-memory'
        : state.ExitCode === 0
          ? 'completed'
          : failureOf(state.ExitCode);
      return { outcome, exitCode: state.ExitCode, durationMs, output: await output() };
    }
    if (took() > timeoutMs) {
      const waiting = await activityOf(clone);
      await container.kill().catch(() => {});
      const outcome = waiting?.onLock ? 'waits-for-lock' : 'hangs';
      return { outcome, durationMs: took(), output: await output(), waiting: waiting?.what ?? 'no session is open' };
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** What the migrator's sessions do right now, the one that waits for a lock first. */
async function activityOf(clone: Clone): Promise<{ onLock: boolean; what: string } | undefined> {
  const client = await clone.connect();
  try {
    const { rows } = await client.query<{ onLock: boolean; what: string }>(
      `SELECT coalesce(wait_event_type = 'Lock', false) AS "onLock",
         concat_ws(' ', state, 'for', round(extract(epoch FROM now() - state_change)), 's',
           wait_event_type || '/' || wait_event, left(query, 200)) AS what
       FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1 ORDER BY 1 DESC LIMIT 1`,
      [ownApplicationName],
    );
    return rows[0];
  } finally {
    await client.end();
  }
}
