import { smallGroup } from '../groups.ts';
import { chip, type Head, html, section, table } from './parts.ts';
import {
  auditInWords,
  type Column,
  countInWords,
  criteria,
  keptOf,
  noteKey,
  notesOf,
  number,
  type Reported,
  reportHash,
  techniqueInWords,
} from './summary.ts';

export function auditSection({ report: { audit } }: Reported): string {
  if (!audit) return '';
  return section(
    'What the audit searched',
    auditInWords(audit)
      .map((line) => `<p>${html(line)}</p>`)
      .join(''),
  );
}

/** Column by column, at the end: proof for who asks. */
export function auditedSection({ report: { audit } }: Reported): string {
  if (!audit || audit.columns.length === 0) return '';
  const rows = audit.columns.map(
    ({ table: name, column, technique, judged, why = '', values, searched, equal, equalByChance, coincidences }) =>
      `<tr><td>${html(`${name}.${column}`)}<td>${html(technique)}<td>${judged === 'everywhere' ? 'searched everywhere' : `row by row: ${html(why)}`}${[values, searched, equal, equalByChance, coincidences].map((count) => `<td class="number">${number(count)}`).join('')}</tr>`,
  );
  const heads: Head[] = [
    ['column', 26],
    ['technique', 11],
    ['how', 25],
    ['values', 8, true],
    ['searched for', 8, true],
    ['same after', 7, true],
    ['by chance, at most', 8, true],
    ['also made of others', 7, true],
  ];
  return section('The audit, column by column', table(heads, rows));
}

export function keptSection({ report }: Reported): string {
  const kept = keptOf(report);
  if (kept.length === 0) return section('What was kept', '<p>Nothing: every column is masked.</p>');
  const rows = kept.map(
    ({ where, type, reason, owner, until, worst }) =>
      `<tr><td>${html(where)}<td>${html(type)}<td>${html(reason)}<td>${html(owner ?? '–')}<td>${html(until ?? '–')}<td>${worst ? chip(worst) : '–'}</tr>`,
  );
  return section(
    'What was kept',
    table(
      [
        ['column', 28],
        ['type', 14],
        ['reason', 30],
        ['owner', 11],
        ['until', 9],
        ['risk', 8],
      ],
      rows,
    ),
  );
}

export function groupsSection({ report: { groups = [] } }: Reported): string {
  if (groups.length === 0) return '';
  const rows = groups.map(
    ({ table: name, columns, rows, groups: count, smallest, rowsInSmallGroups, atLeast }) =>
      `<tr><td>${html(name)}<td>${html(columns.join(', '))}<td class="number">${number(rows)}<td class="number">${number(count)}<td class="number"><b>${number(smallest)}</b><td class="number">${number(rowsInSmallGroups)}<td class="number">${atLeast === undefined ? '–' : number(atLeast)}</tr>`,
  );
  const why = `<p class="quiet">Columns that name nobody by themselves and somebody together. Counted in the masked rows: how many share the same values of them. The smallest such group is k.</p>`;
  return section(
    'Who could be told by several columns together',
    why +
      table(
        [
          ['table', 24],
          ['columns', 30],
          ['rows', 10, true],
          ['groups', 9, true],
          ['smallest, k', 9, true],
          [`rows in groups below ${smallGroup}`, 10, true],
          ['demanded', 8, true],
        ],
        rows,
      ),
  );
}

export function leftOutSection({ report: { leftOut = [], materializedViews = [] } }: Reported): string {
  const items = leftOut.map(({ what, count, why }) => `<li>${number(count)} ${html(what)}: ${html(why)}`);
  const views =
    materializedViews.length > 0 ? `<p>Computed anew from masked rows: ${html(materializedViews.join(', '))}.</p>` : '';
  const roles = '<p class="quiet">Roles come without passwords; planner statistics are made from masked rows.</p>';
  return section(
    'What was left out',
    `${items.length > 0 ? `<ul>${items.join('')}</ul>` : '<p>Nothing that is there.</p>'}${views}${roles}`,
  );
}

export function warningsSection({ report: { warnings } }: Reported): string {
  if (warnings.length === 0) return '';
  const items = warnings.map(({ where, what }) => `<li><b>${html(where)}</b> ${html(what)}`);
  return section('Warnings', `<ul>${items.join('')}</ul>`);
}

export function columnsSection({ report }: Reported): string {
  const notes = notesOf(report);
  const heads: Head[] = [
    ['column', 19],
    ['type', 12],
    ['what was done', 20],
    ['NULLs', 7, true],
    ['distinct in', 7, true],
    ['out', 7, true],
    ['singling out', 8],
    ['linkability', 8],
    ['inference', 8],
    ['why', 4],
  ];
  const tables = report.tables.map((one) => {
    const rows = one.columns.map((column) => columnRow(column, notes));
    const size = `<span class="quiet">${number(one.rows)} ${one.rows === 1 ? 'row' : 'rows'}</span>`;
    return `<h3>${html(one.name)} ${size}</h3>${rows.length > 0 ? table(heads, rows) : '<p class="quiet">It has no columns.</p>'}`;
  });
  return section('Every column', tables.length > 0 ? tables.join('\n') : '<p>The snapshot has no tables.</p>');
}

function columnRow(column: Column, notes: ReturnType<typeof notesOf>): string {
  const { name, type = '', technique, rule, nulls, distinctIn, distinctOut, risk } = column;
  const own = rule === undefined || rule === 'column';
  const done = `<span class="${technique === 'keep' ? 'keep' : ''}">${html(techniqueInWords(column))}</span>${own ? '' : `<br><small>by ${html(rule)}</small>`}`;
  const risks = criteria.map((criterion) => `<td>${risk ? chip(risk[criterion].level) : '–'}`);
  return `<tr><td>${html(name)}<td>${html(type)}<td>${done}${[nulls, distinctIn, distinctOut].map((count) => `<td class="number">${countInWords(count)}`).join('')}${risks.join('')}<td class="number">${risk ? notes.get(noteKey(risk))!.mark : ''}</tr>`;
}

export function notesSection({ report }: Reported): string {
  const rows = [...notesOf(report).values()].map(
    ({ mark, technique, risk }) =>
      `<tr><td class="number">${mark}<td>${html(technique)}${criteria.map((criterion) => `<td>${chip(risk[criterion].level)} ${html(risk[criterion].why)}`).join('')}</tr>`,
  );
  if (rows.length === 0) return '';
  const source =
    '<p class="quiet">By the three criteria of the Article 29 Working Party’s Opinion 05/2014 on anonymisation techniques (WP216); the levels are greenroom’s judgement, by technique and by how many rows share a value. ≈ marks an estimate from the planner’s statistics.</p>';
  return section(
    'Why these levels',
    source +
      table(
        [
          ['', 4],
          ['technique', 15],
          ['singling out', 27],
          ['linkability', 27],
          ['inference', 27],
        ],
        rows,
      ),
  );
}

export function signSection({ id, report }: Reported): string {
  const place = (who: string) => `<div><h3>${who}</h3><p>Name</p><p>Place and date</p><p>Signature</p></div>`;
  return `<section class="last"><h2>Signed</h2>
<p>I have read this report on snapshot ${html(id)} and accept its use in staging, with what is kept and the risks that remain.</p>
<p class="quiet">SHA-256 of the report (<code>jq -cSj .</code> of its JSON): <code>${reportHash(report)}</code></p>
<div class="sign">${place('Security officer')}${place('Owner of the data')}</div></section>`;
}
