import type { Extrapolated } from '../extrapolate.ts';
import type { RehearsalReport } from '../report.ts';
import { duration, size } from './summary.ts';

/** What production adds to a rehearsal, in lines: where it differs, and what takes longer at its size. */
export function productionLines({ production, warnings, extrapolated = [], disk }: RehearsalReport): string[] {
  if (!production) return [];
  const { source, applied = [], pending, error, leftOut = [] } = production;
  const asked = pending
    ? `production (${source}): ${applied.length} migrations applied, ${pending.length} pending`
    : `production (${source}): ${applied.length} migrations applied`;
  return [
    ...(error ? [] : [warnings.length === 0 ? `${asked}; its schema is the snapshot’s` : asked]),
    ...warnings,
    ...(leftOut.length > 0 ? [`not in any snapshot, so not rehearsed with: ${leftOut.join(', ')}`] : []),
    ...extrapolated.map(inWords),
    ...(disk.peakBytes > disk.measuredPeakBytes
      ? [
          `disk: ${size(disk.measuredPeakBytes)} more were needed on the clone, about ${size(disk.peakBytes)} in production`,
        ]
      : []),
  ];
}

const did = { rewritten: 'writing it anew', read: 'reading it', 'index built': 'building its index' };

function inWords({
  table,
  what,
  cloneBytes,
  productionBytes,
  ratio,
  measuredMs,
  ms,
  lock,
  heldMs,
}: Extrapolated): string {
  const larger = `${table} is ${ratio} times as large in production (${size(productionBytes)}, here ${size(cloneBytes)})`;
  const held =
    lock && heldMs !== undefined
      ? `; ${lock.mode}, held for ${duration(lock.measuredHeldMs)} here, is held for about ${duration(heldMs)}`
      : '';
  return `${larger}: ${did[what]} took ${duration(measuredMs)} here, about ${duration(ms)} there${held}`;
}
