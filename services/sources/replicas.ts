import type pg from 'pg';
import { Problem } from '../errors.ts';
import { type SourceAddress, serverOf } from './address.ts';
import { sourceProblem } from './errors.ts';

const defaultReplayDelayMs = 60_000;

/** The replicas of a source as they are listed, each as an address of its own. */
export function replicasOf({ replicas = [], ...primary }: SourceAddress): SourceAddress[] {
  return replicas.map((url) => ({ ...primary, url, isReplica: true }));
}

/** The servers a source may be read from, the preferred first: its replicas, then the primary. */
export function serversOf(address: SourceAddress): SourceAddress[] {
  const { replicas: _, ...primary } = address;
  return [...replicasOf(address), primary];
}

const recovery = `
SELECT pg_catalog.pg_is_in_recovery() AS recovering, CASE
  WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_receiver() r WHERE r.pid IS NOT NULL)
    AND pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
  ELSE 1000 * EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())
END::pg_catalog.float8 AS delay`;

/**
 * How far a replica is behind its primary, in milliseconds. One that is connected and has replayed all it received is not
 * behind; of any other the age of the last transaction it replayed is known, which is at least as much.
 *
 * @throws Problem `source-refused` for a server that is no replica, or is behind by more than `limits.replayDelayMs`
 */
export async function replayDelayOf(client: pg.Client, address: SourceAddress): Promise<number> {
  const where = serverOf(address);
  const { rows } = await client.query<{ recovering: boolean; delay: number | null }>(recovery).catch((error) => {
    throw sourceProblem(error, where);
  });
  const { recovering, delay } = rows[0]!;
  if (!recovering) {
    throw new Problem('source-refused', `${where} is no replica`, {
      where,
      remedy: 'It may have been promoted: name the replicas that there are now.',
    });
  }
  const { replayDelayMs = defaultReplayDelayMs } = address.limits ?? {};
  if (delay !== null && delay <= replayDelayMs) return Math.max(0, Math.round(delay));
  const behind = delay === null ? 'has replayed nothing yet' : `is ${Math.round(delay)} ms behind its primary`;
  throw new Problem('source-refused', `The replica ${where} ${behind}`, {
    where,
    remedy: `Ask again when it is not more than ${replayDelayMs} ms behind, or raise the source’s limits.replayDelayMs.`,
  });
}
