import { type Cell, chip, type Head, html, section, table } from './parts.ts';
import {
  type Column,
  countInWords,
  countsInWords,
  criteria,
  noteKey,
  notesOf,
  othersInWords,
  type Reported,
  rowsInWords,
  shownTables,
  techniqueInWords,
} from './summary.ts';

const heads: Head[] = [
  ['column', 19],
  ['type', 12],
  ['what was done', 20],
  ['NULLs', 7],
  ['distinct in', 7],
  ['out', 7],
  ['singling out', 8],
  ['linkability', 8],
  ['inference', 8],
  ['why', 4],
];

export function columnsSection({ report }: Reported): string {
  const notes = notesOf(report);
  const tables = shownTables(report).map(({ table: { name, rows, columns }, others }) => {
    const title = `<h3>${html(name)} <span class="quiet">${rowsInWords(rows)}</span></h3>`;
    const cells = columns.map((column) => columnRow(column, notes));
    const body = cells.length > 0 ? table(heads, cells) : '<p class="quiet">It has no columns.</p>';
    return title + body + (others.length > 0 ? `<p class="quiet">${html(othersInWords(others))}</p>` : '');
  });
  const legend = `<p class="quiet">${html(countsInWords)}</p>\n`;
  return section('Every column', tables.length > 0 ? legend + tables.join('\n') : '<p>The snapshot has no tables.</p>');
}

function columnRow(column: Column, notes: ReturnType<typeof notesOf>): Cell[] {
  const { name, type = '', technique, rule, nulls, distinctIn, distinctOut, risk } = column;
  const done = `<span class="${technique === 'keep' ? 'keep' : ''}">${html(techniqueInWords(column))}</span>`;
  const by = rule === undefined || rule === 'column' ? '' : `<br><small>by ${html(rule)}</small>`;
  return [
    ...[name, type, { markup: done + by }],
    ...[nulls, distinctIn, distinctOut].map((count) => ({ right: countInWords(count) })),
    ...criteria.map((criterion) => chip(risk?.[criterion].level)),
    { right: risk ? notes.get(noteKey(risk))!.mark : '' },
  ];
}

/** What the last column of those tables refers to. */
export function notesSection({ report }: Reported): string {
  const rows = [...notesOf(report).values()].map(({ mark, technique, risk }): Cell[] => [
    { right: mark },
    technique,
    ...criteria.map((criterion) => chip(risk[criterion].level, risk[criterion].why)),
  ]);
  if (rows.length === 0) return '';
  const source =
    '<p class="quiet">By the three criteria of the Article 29 Working Party’s Opinion 05/2014 on anonymisation techniques (WP216); the levels are greenroom’s judgement, by technique and by how many rows share a value.</p>';
  const titles: Head[] = [
    ['', 4],
    ['technique', 15],
    ['singling out', 27],
    ['linkability', 27],
    ['inference', 27],
  ];
  return section('Why these levels', source + table(titles, rows));
}
