import { performance } from 'node:perf_hooks';
import type { RowMask } from '../../masking/rows/row.ts';
import type { Sink } from '../../masking/rows/sink.ts';
import type { Collector } from './collector.ts';

/** Rows at once: what one does is quicker done again at once, and is measured by one look at the clock. */
const mostRows = 1024;
/** A buffer that is larger, for a row that is, is not held until the next one comes. */
const mostHeldBytes = 1 << 20;

/**
 * Shows a collector each row as it came and as it goes on, many at a time. `collectMs` is how long a core was at that: what
 * the clock says, without the part of it in which the thread waited for a core, as servers and other threads want them too.
 */
export function collecting(
  mask: RowMask,
  collector: Collector | undefined,
): { mask: RowMask; settle: () => void; collectMs: () => number } {
  if (!collector) return { mask, settle: () => {}, collectMs: () => 0 };
  /** Four numbers a row: from where to where it was in `from`, and is in `to`. */
  const places = new Int32Array(mostRows * 4);
  let at = 0;
  let from: Buffer | undefined;
  let to: Sink | undefined;
  let measuredMs = 0;
  const cpu = process.threadCpuUsage();
  const loop = performance.eventLoopUtilization();
  const settle = () => {
    if (at === 0) return;
    const startedAt = performance.now();
    const { bytes } = to!;
    for (let row = 0; row < at; row += 4)
      collector.row(from!, places[row]!, places[row + 1]!, bytes, places[row + 2]!, places[row + 3]!);
    at = 0;
    from = undefined;
    to = undefined;
    measuredMs += performance.now() - startedAt;
  };
  return {
    mask: (row, start, end, out) => {
      if (row !== from || out !== to || at === places.length) {
        settle();
        from = row;
        to = out;
      }
      places[at] = start;
      places[at + 1] = end;
      places[at + 2] = out.at;
      mask(row, start, end, out);
      places[at + 3] = out.at;
      at += 4;
      if (row.length > mostHeldBytes || out.bytes.length > mostHeldBytes) settle();
    },
    settle,
    collectMs: () => {
      const { user, system } = process.threadCpuUsage(cpu);
      const { active } = performance.eventLoopUtilization(loop);
      return measuredMs * (active === 0 ? 1 : Math.min(1, (user + system) / 1000 / active));
    },
  };
}
