import { blockingLocks } from '../observed.ts';
import type { Fared } from '../workload.ts';
import { productionLines } from './production.ts';
import {
  duration,
  failingBefore,
  growth,
  headline,
  placeOf,
  type Rehearsed,
  size,
  sorted,
  stalls,
  undone,
} from './summary.ts';

const signs = { error: '✗', warning: '!', advice: '·' } as const;

/** For a terminal or a CI log. */
export function rehearsalText(rehearsed: Rehearsed): string {
  const { report, project, version, snapshot } = rehearsed;
  const { up } = report;
  const lines = [
    `${report.passed ? 'PASSED' : 'FAILED'}  ${project} ${version} on ${snapshot}`,
    headline(rehearsed),
    `WAL ${size(up.walBytes)}, database ${up.growthBytes < 0 ? '' : '+'}${size(up.growthBytes)}`,
    '',
  ];
  for (const { migration, reversible, ...rest } of report.migrations) {
    const cost = up.costs.find((one) => one.migration === migration);
    lines.push(`${migration ?? 'the one that failed'}${cost ? `  ${duration(cost.durationMs)}  ${growth(cost)}` : ''}`);
    lines.push(`    undo: ${undone({ reversible, ...rest })}`);
  }
  const locks = blockingLocks(report.up.locks);
  if (locks.length > 0) lines.push('', 'Locks');
  for (const { table, mode, blocks, heldMs } of locks)
    lines.push(`    ${duration(heldMs).padStart(8)}  ${table}  ${mode} (blocks ${blocks})`);
  const production = productionLines(report);
  if (production.length > 0) lines.push('', 'In production', ...production.map((line) => `    ${line}`));
  const { impact } = report;
  if (impact)
    lines.push(
      '',
      `Among readers and writers, with a transaction open for ${duration(impact.idleReaderMs)}: ${impact.outcome}`,
    );
  for (const { who, what, fared } of stalls(report))
    lines.push(
      `    ${duration(fared.longestMs).padStart(8)}  ${who}  longest of ${fared.count} ${what}${refused(fared)}`,
    );
  lines.push(...failingBefore(report).map((line) => `    ${line}`));
  for (const finding of sorted(report.findings)) {
    const { id, severity, migration, why, safer, suppressed } = finding;
    lines.push(
      '',
      `${suppressed ? '–' : signs[severity]} ${id}  ${placeOf(finding)}${migration ? `  (${migration})` : ''}`,
      `    ${why}`,
    );
    if (suppressed) lines.push(`    accepted until ${suppressed.until}: ${suppressed.reason}`);
    else if (safer) lines.push(...safer.sql.split('\n').map((line) => `    > ${line}`));
  }
  if (up.diff) lines.push('', "The schema's changes", ...up.diff.split('\n').map((line) => `    ${line}`));
  return `${lines.join('\n')}\n`;
}

function refused({ failed, firstError, timedOut, deadlocks }: Fared): string {
  const parts = [
    deadlocks > 0 && `${deadlocks} deadlocks`,
    timedOut > 0 && `${timedOut} timed out`,
    failed > 0 && `${failed} failed: ${firstError}`,
  ];
  return parts.some(Boolean) ? `  (${parts.filter(Boolean).join(', ')})` : '';
}
