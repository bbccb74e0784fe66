import { Gauge, Registry } from 'prom-client';
import { query } from '../database/queries.ts';
import { cloneModeOf } from '../engine/volumes.ts';
import type { Greenroom } from '../greenroom.ts';

/**
 * What Prometheus scrapes. Everything is read from the database at the time of the scrape, so that any process of the
 * installation gives the same answer and a restart loses no count.
 */
export function metricsOf(greenroom: Greenroom): () => Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name: `greenroom_${name}`, help, labelNames, registers: [registry] });
  const ended = gauge('operations_ended', 'Operations that have ended, by kind and outcome', ['kind', 'outcome']);
  const seconds = gauge('operations_seconds_sum', 'Time that ended operations took together', ['kind', 'outcome']);
  const running = gauge('operations_running', 'Operations under way', ['kind']);
  const queued = gauge('operations_queued', 'Operations that wait for their turn', ['kind']);
  const stacks = gauge('stacks', 'Stacks by kind and state', ['kind', 'state']);
  const hosts = gauge('host_clone_mode', '1 for the way a host clones data: reflink or copy', ['host', 'mode']);
  return async () => {
    const operations = await query<{ kind: string; state: string; count: number; seconds: number }>(
      greenroom.pool,
      'count-operations',
    );
    const counted = await query<{ kind: string; state: string; count: number }>(greenroom.pool, 'count-stacks');
    registry.resetMetrics();
    for (const { kind, state, count, seconds: took } of operations) {
      if (state === 'running') running.set({ kind }, count);
      else if (state === 'queued') queued.set({ kind }, count);
      else {
        ended.set({ kind, outcome: state }, count);
        seconds.set({ kind, outcome: state }, took);
      }
    }
    for (const { kind, state, count } of counted) stacks.inc({ kind, state }, count);
    for (const host of greenroom.hosts.values()) hosts.set({ host: host.name, mode: await cloneModeOf(host) }, 1);
    return registry.metrics();
  };
}
