import { createHash } from 'node:crypto';
import { smallGroup } from '../groups.ts';
import { auditedColumnsSection, auditSection } from './audit.ts';
import { leakOf } from './audit-words.ts';
import { columnsSection, notesSection } from './columns.ts';
import { bar, html } from './parts.ts';
import { groupsSection, keptSection, leftOutSection, signSection, warningsSection } from './sections.ts';
import { styleOf } from './style.ts';
import {
  columnsOf,
  countByLevel,
  groupInWords,
  keptInWords,
  levels,
  moment,
  number,
  provenanceOf,
  type Reported,
  reportHash,
  rowsInWords,
  several,
  smallestGroup,
} from './summary.ts';

export interface Page {
  markup: string;
  /** Content-Security-Policy of the answer; a page that was kept as a file has all of it but the last in itself. */
  policy: string;
}

/** A page that needs nothing but itself: no script, nothing fetched. It prints on A4, with a place to sign. */
export function maskingPage(reported: Reported): Page {
  const style = styleOf(reported.id, reportHash(reported.report));
  const styleHash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
  return { markup: markupOf(reported, style, policy), policy: `${policy}; frame-ancestors 'none'` };
}

function markupOf(reported: Reported, style: string, policy: string): string {
  const { id, project, report } = reported;
  const rows = report.tables.reduce((sum, table) => sum + table.rows, 0);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${html(`Masking report: ${project}, ${id}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="eyebrow">Masking report</p>
<h1>${html(project)} <span class="quiet">${html(id)}</span></h1>
<p>${rowsInWords(rows)} of ${several(report.tables.length, 'table')}, as production was at ${html(moment(report.takenAt))}.</p>
${report.meaning ? `<p class="quiet">${html(report.meaning)}</p>` : ''}
</header>
<div class="tiles">${leakTile(reported)}${keptTile(reported)}${riskTile(reported)}</div>
<section><h2>Where it comes from</h2><dl>${provenanceOf(reported)
    .map(
      ([label, value]) =>
        `<dt>${label}<dd>${/^[0-9a-f]{16,}/.test(value) ? `<code>${html(value)}</code>` : html(value)}`,
    )
    .join('')}</dl></section>
${auditSection(reported)}
${keptSection(reported)}
${groupsSection(reported)}
${leftOutSection(reported)}
${warningsSection(reported)}
${columnsSection(reported)}
${notesSection(reported)}
${auditedColumnsSection(reported)}
${signSection(reported)}
</body>
</html>
`;
}

function leakTile({ report }: Reported): string {
  const { state, headline, detail } = leakOf(report);
  const colour = { clean: 'good', unknown: 'warn', found: 'bad' }[state];
  return tile(colour, 'Did anything leak?', headline, `<p>${html(detail)}</p>`);
}

function keptTile({ report }: Reported): string {
  const { whole, columns, detail } = keptInWords(report);
  const headline = `${number(whole)} of ${number(columns)}`;
  const parts = bar([
    ['kept', whole],
    ['rest', columns - whole],
  ]);
  return tile('calm', 'What was kept?', headline, `${parts}<p>${html(detail)}</p>`);
}

function riskTile({ report }: Reported): string {
  const counts = countByLevel(report);
  const group = smallestGroup(report);
  const byLevel = levels.map((level) => `${number(counts[level])} ${level}`).join(' · ');
  const small = group
    ? `Smallest group: k = ${number(group.smallest)}, of ${groupInWords(group)}.`
    : 'The policy declares no quasi-identifiers, so no groups were counted.';
  const headline = `${number(counts.high)} of ${number(columnsOf(report).length)} high`;
  const colour = counts.high > 0 || (group && group.smallest < smallGroup) ? 'warn' : 'good';
  const parts = levels.map((level): [string, number] => [level, counts[level]]);
  return tile(
    colour,
    'What are the risks?',
    headline,
    `${bar(parts)}<p>Columns by residual risk: ${byLevel}.</p><p>${html(small)}</p>`,
  );
}

function tile(colour: string, question: string, headline: string, rest: string): string {
  return `<div class="tile ${colour}"><p class="eyebrow">${question}</p><strong>${html(headline)}</strong>${rest}</div>`;
}
