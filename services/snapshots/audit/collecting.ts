import { performance } from 'node:perf_hooks';
import type { RowMask } from '../../masking/rows/row.ts';
import type { Collector } from './collector.ts';

/** A look at the clock costs as much as a short row, so that one row of so many is measured. */
const sample = 64;

/**
 * Shows a collector each row as it comes and as it goes on. `collectMs` is about how long a core was at that: what the
 * clock says, without the part of it in which the thread waited for a core, as servers and other threads want them too.
 */
export function collecting(
  mask: RowMask,
  collector: Collector | undefined,
): { mask: RowMask; collectMs: () => number } {
  if (!collector) return { mask, collectMs: () => 0 };
  let rows = 0;
  let measuredMs = 0;
  const cpu = process.threadCpuUsage();
  const loop = performance.eventLoopUtilization();
  return {
    mask: (row, start, end, out) => {
      const at = out.at;
      mask(row, start, end, out);
      if (rows++ % sample !== 0) return collector.row(row, start, end, out.bytes, at, out.at);
      const startedAt = performance.now();
      collector.row(row, start, end, out.bytes, at, out.at);
      measuredMs += performance.now() - startedAt;
    },
    collectMs: () => {
      const { user, system } = process.threadCpuUsage(cpu);
      const { active } = performance.eventLoopUtilization(loop);
      const share = active === 0 ? 1 : Math.min(1, (user + system) / 1000 / active);
      return measuredMs * Math.min(sample, rows) * share;
    },
  };
}
