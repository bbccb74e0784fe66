import { markdownCell, visible } from '../../../escape.ts';
import { smallGroup } from '../groups.ts';
import {
  auditedCells,
  auditedHeads,
  auditedInWords,
  auditInWords,
  chanceHeads,
  chanceOf,
  leakOf,
  whyChance,
} from './audit-words.ts';
import {
  countByLevel,
  countInWords,
  countsInWords,
  criteria,
  keptInWords,
  keptOf,
  levels,
  noteKey,
  notesOf,
  number,
  othersInWords,
  provenanceOf,
  type Reported,
  reportHash,
  rowsInWords,
  sequencesInWords,
  shownTables,
  smallestGroup,
  techniqueInWords,
} from './summary.ts';

/** For a ticket or a pull request. */
export function maskingMarkdown(reported: Reported): string {
  const { id, project, report } = reported;
  const { groups = [], leftOut = [], materializedViews = [], warnings, audit } = report;
  const leak = leakOf(report);
  const kept = keptOf(report);
  const { whole, columns, detail } = keptInWords(report);
  const counts = countByLevel(report);
  const smallest = smallestGroup(report);
  const notes = notesOf(report);
  const lines = [
    `# Masking report: ${cell(project)}, ${cell(id)}`,
    ...(report.meaning ? ['', cell(report.meaning)] : []),
    '',
    `- **${cell(leak.headline)}.** ${cell(leak.detail)}`,
    `- **${number(whole)} of ${number(columns)}** ${detail}`,
    `- **Risks**: ${levels.map((level) => `${counts[level]} ${level}`).join(', ')}; ${smallest ? `smallest group: ${number(smallest.smallest)}` : 'no quasi-identifiers are declared'}.`,
    ...table(['', ''], provenanceOf(reported)),
  ];
  if (audit) {
    const chance = chanceOf(audit).map(([where, of, originals, atMost]) => [
      ...[where, of, number(originals), number(atMost)],
    ]);
    lines.push('', '## What the audit searched', '', ...auditInWords(audit).map((line) => `- ${cell(line)}`));
    if (chance.length > 0) lines.push('', '### Taken for chance', '', whyChance, ...table([...chanceHeads], chance));
  }
  if (kept.length > 0) {
    const rows = kept.map(({ where, reason, owner, until, worst }) => [where, reason, owner, until, worst]);
    lines.push('', '## What was kept', ...table(['column', 'reason', 'owner', 'until', 'risk'], rows));
  }
  if (groups.length > 0) {
    const heads = [
      'table',
      'columns',
      'rows',
      'groups',
      'smallest, k',
      `rows in groups below ${smallGroup}`,
      'demanded',
    ];
    const rows = groups.map((one) => [
      ...[one.table, one.columns.join(', '), number(one.rows), number(one.groups), number(one.smallest)],
      ...[number(one.rowsInSmallGroups), one.atLeast === undefined ? undefined : number(one.atLeast)],
    ]);
    lines.push('', '## Who stands out by several columns together', ...table(heads, rows));
  }
  const sequences = sequencesInWords(report);
  if (leftOut.length + materializedViews.length > 0 || sequences) {
    lines.push('', '## What was left out', '');
    for (const { what, count, why } of leftOut) lines.push(`- ${cell(what)} (${number(count)}): ${cell(why)}`);
    for (const view of materializedViews) lines.push(`- rows of ${cell(view)}, computed anew from masked ones`);
    if (sequences) lines.push(`- ${cell(sequences)}`);
  }
  if (warnings.length > 0) {
    lines.push('', '## Warnings', '', ...warnings.map(({ where, what }) => `- ${cell(where)}: ${cell(what)}`));
  }
  const tables = shownTables(report);
  if (tables.length > 0) lines.push('', '## Every column', '', countsInWords);
  for (const { table: shown, others } of tables) {
    const { name, rows: count, columns } = shown;
    const rows = columns.map((column) => [
      ...[column.name, column.type, techniqueInWords(column)],
      ...[column.nulls, column.distinctIn, column.distinctOut].map(countInWords),
      ...criteria.map((criterion) => column.risk?.[criterion].level),
      column.risk && notes.get(noteKey(column.risk))!.mark,
    ]);
    const heads = [
      'column',
      'type',
      'done',
      'NULLs',
      'distinct in',
      'out',
      'singling out',
      'linkability',
      'inference',
      'why',
    ];
    lines.push('', `### ${cell(name)}: ${rowsInWords(count)}`, ...table(heads, rows));
    if (others.length > 0) lines.push('', cell(othersInWords(others)));
  }
  if (notes.size > 0) {
    const rows = [...notes.values()].map(({ mark, technique, risk }) => [
      mark,
      technique,
      ...criteria.map((criterion) => `${risk[criterion].level}: ${risk[criterion].why}`),
    ]);
    lines.push(
      '',
      '## Why these levels',
      ...table(['', 'technique', 'singling out', 'linkability', 'inference'], rows),
    );
  }
  if (audit) {
    const rows = audit.columns.map((one) =>
      auditedCells(one).map((text) => (typeof text === 'number' ? number(text) : text)),
    );
    lines.push('', '## The audit, column by column', '', auditedInWords, ...table(auditedHeads, rows));
  }
  lines.push('', `SHA-256 of the report: \`${reportHash(report)}\``);
  return `${lines.join('\n')}\n`;
}

function table(heads: string[], rows: (string | undefined)[][]): string[] {
  const line = (cells: (string | undefined)[]) => `| ${cells.map((text) => cell(text ?? '')).join(' | ')} |`;
  return ['', line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)];
}

const address = /([\p{L}\p{N}._+-]+@[\p{L}\p{N}.-]+)/u;

/** An address stands between backticks: there it calls nobody, and can be copied. */
function cell(text: string): string {
  const parts = visible(text).split(address);
  return parts.map((part, index) => (index % 2 === 1 ? `\`${part}\`` : markdownCell(part))).join('');
}
