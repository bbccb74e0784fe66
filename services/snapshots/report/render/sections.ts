import { smallGroup } from '../groups.ts';
import { type Cell, chip, type Head, html, list, section, table } from './parts.ts';
import { keptOf, number, type Reported, reportHash, sequencesInWords } from './summary.ts';

const keptHeads: Head[] = [
  ['column', 24],
  ['type', 12],
  ['reason', 28],
  ['owner', 20],
  ['until', 8],
  ['risk', 8],
];

export function keptSection({ report }: Reported): string {
  const rows = keptOf(report).map(({ where, type, reason, owner = '–', until = '–', worst }) => {
    return [where, type, reason, owner, until, chip(worst)];
  });
  const none = '<p>Nothing: every column is masked.</p>';
  return section('What was kept', rows.length > 0 ? table(keptHeads, rows) : none);
}

const groupHeads: Head[] = [
  ['table', 24],
  ['columns', 30],
  ['rows', 10],
  ['groups', 9],
  ['smallest, k', 9],
  [`rows in groups below ${smallGroup}`, 10],
  ['demanded', 8],
];

export function groupsSection({ report: { groups = [] } }: Reported): string {
  if (groups.length === 0) return '';
  const rows = groups.map((one): Cell[] => [
    ...[one.table, one.columns.join(', '), one.rows, one.groups, one.smallest, one.rowsInSmallGroups],
    one.atLeast ?? { right: '–' },
  ]);
  const why =
    '<p class="quiet">Columns that name nobody by themselves and somebody together. Counted in the masked rows: how many share the same values of them. The smallest such group is k.</p>';
  return section('Who stands out by several columns together', why + table(groupHeads, rows));
}

export function leftOutSection({ report }: Reported): string {
  const { leftOut = [], materializedViews = [] } = report;
  const items = leftOut.map(({ what, count, why }) => `${what} (${number(count)}): ${why}`);
  const names = materializedViews.join(', ');
  const views = names ? `<p>Computed anew from masked rows: ${html(names)}.</p>` : '';
  const sequences = sequencesInWords(report);
  const counters = sequences ? `<p>${html(sequences)}.</p>` : '';
  const roles = '<p class="quiet">Roles come without passwords; planner statistics are made from masked rows.</p>';
  return section(
    'What was left out',
    (items.length > 0 ? list(items) : '<p>Nothing that is there.</p>') + views + counters + roles,
  );
}

export function warningsSection({ report: { warnings } }: Reported): string {
  if (warnings.length === 0) return '';
  return section('Warnings', list(warnings.map(({ where, what }) => `${where}: ${what}`)));
}

export function signSection({ id, report }: Reported): string {
  const place = (who: string) => `<div><h3>${who}</h3><p>Name</p><p>Place and date</p><p>Signature</p></div>`;
  return `<section class="last"><h2>Signed</h2>
<p>I have read this report on snapshot ${html(id)} and accept its use in staging, with what is kept and the risks that remain.</p>
<p class="quiet">SHA-256 of the report (<code>jq -cSj .</code> of its JSON): <code>${reportHash(report)}</code></p>
<div class="sign">${place('Security officer')}${place('Owner of the data')}</div></section>`;
}
