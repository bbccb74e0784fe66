import { markdownCell as cell } from '../../escape.ts';
import { blockingLocks } from '../observed.ts';
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

/** GitHub takes comments of 65,536 characters. */
const maxLength = 60_000;
/** A fence that is cut off would swallow what comes after it. */
const maxDiff = 15_000;
const signs = { error: '🔴', warning: '🟡', advice: '⚪' } as const;

/** For a pull request's comment. */
export function rehearsalMarkdown(rehearsed: Rehearsed): string {
  const { report, project, version, snapshot, finishedAt } = rehearsed;
  const { up } = report;
  const lines = [
    `### Migrations ${report.passed ? 'rehearsed' : 'failed'}: ${cell(project)} ${cell(version)}`,
    '',
    `${cell(headline(rehearsed))}. WAL ${size(up.walBytes)}, database ${size(up.growthBytes)} larger.`,
    '',
    `On \`${snapshot}\`, ${finishedAt}`,
    '',
    '| migration | time | WAL | size | undo |',
    '|---|---|---|---|---|',
    ...report.migrations.map(({ migration, ...rest }) => {
      const cost = up.costs.find((one) => one.migration === migration);
      const wal = cost?.walBytes === undefined ? '' : size(cost.walBytes);
      return `| ${cell(migration ?? 'the one that failed')} | ${cost ? duration(cost.durationMs) : ''} | ${wal} | ${cost ? growth(cost) : ''} | ${cell(undone(rest))} |`;
    }),
  ];
  if (up.diff) {
    const shown =
      up.diff.length <= maxDiff ? up.diff : `${up.diff.slice(0, maxDiff)}\n-- … the rest is in the full report`;
    lines.push('', `<details><summary>the schema's changes</summary>\n\n${block('sql', shown)}\n\n</details>`);
  }
  const locks = blockingLocks(report.up.locks);
  if (locks.length > 0) {
    lines.push('', '| table | blocks | for | lock | taken by |', '|---|---|---|---|---|');
    for (const { table, blocks, heldMs, mode, sql } of locks.slice(0, 20))
      lines.push(`| ${cell(table)} | ${blocks} | ${duration(heldMs)} | ${mode} | ${code(sql)} |`);
  }
  const production = productionLines(report);
  if (production.length > 0) lines.push('', 'In production:', '', ...production.map((line) => `- ${cell(line)}`));
  const { impact } = report;
  if (impact) {
    lines.push('', `Among readers and writers, with a transaction open for ${duration(impact.idleReaderMs)}:`);
    lines.push('', '| | | queries | longest | over 100 ms | failed |', '|---|---|---|---|---|---|');
    for (const { who, what, fared } of stalls(report))
      lines.push(
        `| ${cell(who)} | ${what} | ${fared.count} | ${duration(fared.longestMs)} | ${fared.blocked} | ${fared.failed + fared.timedOut} ${cell(fared.firstError ?? '')} |`,
      );
    for (const line of failingBefore(report)) lines.push('', cell(line));
  }
  for (const finding of sorted(report.findings)) {
    const { id, severity, migration, why, sql, safer, suppressed } = finding;
    const where = placeOf(finding);
    if (suppressed) {
      lines.push('', `– ~~${id}~~ ${cell(where)}: accepted until ${suppressed.until}, ${cell(suppressed.reason)}`);
      continue;
    }
    lines.push(
      '',
      `${signs[severity]} **${id}** ${cell(where)}${migration ? ` in ${cell(migration)}` : ''}: ${cell(why)}`,
    );
    const better = safer ? `\n\nBetter:\n\n${block('sql', safer.sql)}` : '';
    const seaorm = safer?.seaorm ? `\n\nWith SeaORM:\n\n${block('rust', safer.seaorm)}` : '';
    lines.push('', `<details><summary>the statement</summary>\n\n${block('sql', sql)}${better}${seaorm}\n\n</details>`);
  }
  const text = `${lines.join('\n')}\n`;
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}\n\n… the rest is in the full report.\n`;
}

function code(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').replaceAll('`', "'").replaceAll('|', '\\|');
  return `\`${line.length > 80 ? `${line.slice(0, 80)}…` : line}\``;
}

/** A fence longer than any in the text, so that nothing gets out of it. */
function block(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
