import type { SchemaChange } from '../../database/schema.ts';
import { html } from '../../escape.ts';
import type { HeldLock, Statement } from '../observed.ts';
import type { RehearsedImpact } from '../report.ts';
import { lockModes } from '../sql.ts';
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

/** A page that needs nothing but itself: no script, nothing fetched. */
export function rehearsalPage(rehearsed: Rehearsed): string {
  const { report, project, version, snapshot, finishedAt } = rehearsed;
  const { up, findings } = report;
  const verdict = report.passed ? 'passed' : 'failed';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(`${project} ${version}: migrations ${verdict}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="${verdict}">${verdict}</p>
<h1>${html(project)} ${html(version)}</h1>
<p>${html(headline(rehearsed))}</p>
<p class="quiet">on ${html(snapshot)}, ${html(finishedAt)} · ${up.statementCount} statements · WAL ${size(up.walBytes)} · database ${up.growthBytes < 0 ? '' : '+'}${size(up.growthBytes)}</p>
</header>
<section><h2>Locks over time</h2>${picture(rehearsed)}</section>
${productionSection(report)}
${report.impact ? `<section><h2>Among readers and writers</h2>${impactTable(rehearsed, report.impact)}</section>` : ''}
<section><h2>Findings</h2>${findings.length === 0 ? '<p class="quiet">None.</p>' : sorted(findings).map(finding).join('\n')}</section>
<section><h2>Migrations</h2>
<table><thead><tr><th>migration<th>time<th>WAL<th>size<th>rows<th>changes<th>undo</tr></thead><tbody>
${report.migrations.map((one) => migrationRow(rehearsed, one)).join('\n')}
</tbody></table></section>
<section><h2>Statements</h2>
<table><thead><tr><th>began<th>time<th>rows<th>WAL<th>statement</tr></thead><tbody>
${up.statements.map((one) => statementRow(rehearsed, one)).join('\n')}
</tbody></table></section>
</body>
</html>
`;
}

function finding(found: Rehearsed['report']['findings'][number]) {
  const { id, severity, why, sql, migration, lock, safer, suppressed } = found;
  const held = lock
    ? `<p class="quiet">${html(lock.mode)} on ${html(lock.table)}, held for ${duration(lock.heldMs)}</p>`
    : '';
  const accepted = suppressed
    ? `<p class="quiet">accepted until ${html(suppressed.until)}: ${html(suppressed.reason)}</p>`
    : '';
  return `<article class="${suppressed ? 'accepted' : severity}">
<h3>${html(id)} <span class="quiet">${html(placeOf(found))}${migration ? ` · ${html(migration)}` : ''}</span></h3>
<p>${html(why)}</p>${accepted}${held}<pre>${html(sql)}</pre>
${safer ? `<p class="quiet">better</p><pre>${html(safer.sql)}</pre>` : ''}${safer?.seaorm ? `<pre>${html(safer.seaorm)}</pre>` : ''}
</article>`;
}

function productionSection(report: Rehearsed['report']): string {
  const lines = productionLines(report).map((line) => `<li>${html(line)}`);
  return lines.length === 0 ? '' : `<section><h2>In production</h2><ul>${lines.join('\n')}</ul></section>`;
}

function impactTable({ report }: Rehearsed, { idleReaderMs, outcome, longestStallMs }: RehearsedImpact): string {
  const rows = stalls(report).map(({ who, what, fared }) => {
    const width = longestStallMs === 0 ? 0 : Math.round((fared.longestMs / longestStallMs) * 100);
    return `<tr><td>${html(who)}<td>${what}<td class="number">${fared.count}<td class="number">${duration(fared.longestMs)}<td class="wait"><span style="width: ${width}%"></span><td class="number">${fared.blocked}<td>${fared.failed + fared.timedOut || ''} ${html(fared.firstError ?? '')}</tr>`;
  });
  return `<p class="quiet">The same command again: ${outcome}. A transaction that had read the tables was open until the migrations had waited ${duration(idleReaderMs)} for it; whoever came after them waited too.</p>
<table><thead><tr><th><th><th>queries<th>longest<th>wait<th>over 100 ms<th>failed</tr></thead><tbody>${rows.join('\n')}</tbody></table>
${failingBefore(report)
  .map((line) => `<p>${html(line)}</p>`)
  .join('\n')}`;
}

function migrationRow({ report }: Rehearsed, one: Rehearsed['report']['migrations'][number]): string {
  const cost = report.up.costs.find(({ migration }) => migration === one.migration);
  const rows = (cost?.rows ?? []).map(
    ({ table, inserted, updated, deleted }) =>
      `${table}: ${[inserted && `+${inserted}`, updated && `~${updated}`, deleted && `-${deleted}`].filter(Boolean).join(' ')}`,
  );
  return `<tr><td>${html(one.migration ?? 'the one that failed')}<td class="number">${cost ? duration(cost.durationMs) : ''}<td class="number">${cost?.walBytes === undefined ? '' : size(cost.walBytes)}<td class="number">${cost ? growth(cost) : ''}<td>${rows.map(html).join('<br>')}<td>${one.changes.map(change).join('<br>')}${one.diff ? `<details><summary>as SQL</summary><pre>${html(one.diff)}</pre></details>` : ''}<td>${html(undone(one))}</tr>`;
}

function statementRow(rehearsed: Rehearsed, { at, durationMs, rows, walBytes, calls, sql }: Statement): string {
  const often = calls ? `<span class="quiet">${calls} times</span> ` : '';
  return `<tr><td class="number">${offset(rehearsed, at)}<td class="number">${duration(durationMs)}<td class="number">${rows ?? ''}<td class="number">${walBytes === undefined ? '' : size(walBytes)}<td>${often}<code>${html(sql)}</code></tr>`;
}

function change({ change, object, before, after }: SchemaChange): string {
  const sign = { added: '+', removed: '−', changed: '~' }[change];
  return `<span title="${html([before, after].filter(Boolean).join(' → '))}">${sign} ${html(object)}</span>`;
}

const row = 22;
const left = 190;
const width = 900;
const maxTables = 30;

/** Each table a row, each lock a bar from the statement that took it to the end of its transaction. */
function picture({ report: { up } }: Rehearsed): string {
  const locks = up.locks.filter(({ blocks }) => blocks !== 'nothing ordinary');
  if (locks.length === 0) return '<p class="quiet">No lock that anybody would wait for.</p>';
  const times = [
    ...locks.flatMap(({ takenAt, releasedAt }) => [takenAt, releasedAt]),
    ...up.statements.map(({ at }) => at),
  ];
  const [from, to] = [Math.min(...times.map(Date.parse)), Math.max(...times.map(Date.parse))];
  const span = Math.max(1, to - from);
  const x = (at: string) => left + ((Date.parse(at) - from) / span) * (width - left - 10);
  const tables = [...new Set(blockingFirst(locks).map(({ table }) => table))].slice(0, maxTables);
  const height = (tables.length + 2) * row;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = left + part * (width - left - 10);
    return `<line x1="${at}" x2="${at}" y1="${row}" y2="${height - row}" class="tick"/><text x="${at}" y="${height - 6}" class="axis" text-anchor="${part === 1 ? 'end' : 'middle'}">${duration(part * span)}</text>`;
  });
  const starts = up.costs.flatMap(({ migration }) => {
    const first = up.statements.find((statement) => statement.migration === migration);
    return first
      ? `<line x1="${x(first.at)}" x2="${x(first.at)}" y1="4" y2="${height - row}" class="migration"><title>${html(migration)}</title></line>`
      : [];
  });
  const bars = tables.flatMap((table, index) => {
    const y = (index + 1) * row;
    const label = `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${html(table.length > 28 ? `…${table.slice(-27)}` : table)}<title>${html(table)}</title></text>`;
    const ofTable = locks.filter((lock) => lock.table === table).toSorted((a, b) => strength(a) - strength(b));
    return [label, ...ofTable.map((lock) => bar(lock, x(lock.takenAt), x(lock.releasedAt), y))];
  });
  const more = new Set(locks.map(({ table }) => table)).size - tables.length;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Locks by table over the time of the run">
${[...ticks, ...starts, ...bars].join('\n')}
</svg>
<p class="key"><span class="all">blocks reads and writes</span><span class="writes">blocks writes</span><span class="schema">blocks changes of the table</span></p>
${more > 0 ? `<p class="quiet">${more} more tables are in the list of locks.</p>` : ''}
${lockTable(blockingFirst(locks))}`;
}

const strength = ({ mode }: HeldLock) => lockModes.indexOf(mode);

function blockingFirst(locks: HeldLock[]): HeldLock[] {
  return locks.toSorted((a, b) => strength(b) - strength(a) || b.heldMs - a.heldMs);
}

function bar({ mode, table, blocks, heldMs, migration, sql }: HeldLock, from: number, to: number, y: number): string {
  const kind = blocks === 'reads and writes' ? 'all' : blocks === 'writes' ? 'writes' : 'schema';
  const what = `${mode} on ${table} for ${duration(heldMs)}${migration ? `\n${migration}` : ''}\n${sql.slice(0, 300)}`;
  return `<rect x="${from.toFixed(1)}" y="${y + 3}" width="${Math.max(2, to - from).toFixed(1)}" height="${row - 6}" rx="2" class="${kind}" data-table="${html(table)}" data-mode="${mode}"><title>${html(what)}</title></rect>`;
}

function lockTable(locks: HeldLock[]): string {
  const rows = locks
    .slice(0, 200)
    .map(
      ({ table, mode, blocks, heldMs, migration, sql }) =>
        `<tr><td>${html(table)}<td>${mode}<td>${blocks}<td class="number">${duration(heldMs)}<td>${html(migration ?? '')}<td><code>${html(sql.slice(0, 200))}</code></tr>`,
    );
  return `<details><summary>as a list</summary><table><thead><tr><th>table<th>lock<th>blocks<th>held<th>migration<th>taken by</tr></thead><tbody>${rows.join('\n')}</tbody></table></details>`;
}

function offset({ report: { up } }: Rehearsed, at: string): string {
  return duration(Date.parse(at) - Date.parse(up.statements[0]?.at ?? at));
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --quiet: light-dark(#666, #aaa); --back: light-dark(#f6f6f6, #222);
  --all: #d03b3b; --writes: #e08a1e; --schema: #5b8bd0; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; } h2 { margin-top: 2rem; font-size: 1.15rem; } h3 { margin: 0; font-size: 1rem; }
.passed, .failed { display: inline-block; margin: 0; padding: 0 .6rem; border-radius: 1rem; color: #fff; background: #2b8a3e; }
.failed { background: var(--all); } .quiet { color: var(--quiet); font-weight: normal; margin: .2rem 0; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; } svg text { fill: currentColor; }
.tick { stroke: var(--line); } .migration { stroke: var(--quiet); stroke-dasharray: 2 3; } svg .axis { fill: var(--quiet); }
rect.all { fill: var(--all); } rect.writes { fill: var(--writes); } rect.schema { fill: var(--schema); }
.key span { margin-right: 1.2rem; } .key span::before { content: ''; display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }
.key .all::before { background: var(--all); } .key .writes::before { background: var(--writes); } .key .schema::before { background: var(--schema); }
article { border-left: 4px solid var(--line); padding: .3rem .8rem; margin: .8rem 0; }
article.error { border-color: var(--all); } article.warning { border-color: var(--writes); } article.accepted { opacity: .6; }
pre { background: var(--back); padding: .5rem .8rem; border-radius: 4px; overflow-x: auto; white-space: pre-wrap; margin: .3rem 0; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; } .number { text-align: right; white-space: nowrap; }
td.wait { width: 30%; } .wait span { display: block; height: .8em; margin-top: .4em; background: var(--all); border-radius: 2px; }
@media print { details > * { display: block; } }
`;
