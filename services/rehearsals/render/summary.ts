import type { Finding } from '../findings/findings.ts';
import { blockingLocks, type MigrationCost } from '../observed.ts';
import type { RehearsalReport, RehearsedMigration } from '../report.ts';
import type { Fared } from '../workload.ts';

/** What every form of a rehearsal's report says, in words. */

export interface Rehearsed {
  id: string;
  project: string;
  version: string;
  snapshot: string;
  finishedAt: string;
  report: RehearsalReport;
}

const order = { error: 0, warning: 1, advice: 2 };

/** The worst first; what the project lives with is last. */
export function sorted(findings: Finding[]): Finding[] {
  const rank = ({ severity, suppressed }: Finding) => order[severity] + (suppressed ? 10 : 0);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

export function placeOf({ where, database }: Finding): string {
  return database === undefined ? where : `${where} of database ${database}`;
}

export function headline({ report }: Rehearsed): string {
  const { up, passed, reasons } = report;
  const count = `${up.applied.length} migration${up.applied.length === 1 ? '' : 's'}`;
  if (!passed) return reasons.join('; ');
  const [longest] = blockingLocks(report.up.locks);
  const lock = longest
    ? `${longest.table} could not be ${longest.blocks === 'writes' ? 'written' : 'read or written'} for ${duration(longest.heldMs)}`
    : 'no table that is in use was blocked';
  return `${count} in ${duration(up.durationMs)}; ${lock}`;
}

export function undone({ reversible, loss = [], leftByDown = [], whyNot }: RehearsedMigration): string {
  switch (reversible) {
    case 'yes':
      return 'schema and rows come back';
    case 'with-loss':
      return loss
        .map(({ table, gone, rowsLost, columns = [] }) => {
          if (gone) return `${table} does not come back`;
          const parts = columns.map(({ column, valuesLost }) =>
            valuesLost > 0 ? `${valuesLost} values of ${column} are lost` : `${column} is not what it was`,
          );
          if (rowsLost) parts.unshift(`${Math.abs(rowsLost)} rows ${rowsLost > 0 ? 'are lost' : 'too many'}`);
          return `${table}: ${parts.join(', ')}`;
        })
        .join('; ');
    case 'differs':
      return `the schema is not what it was${leftByDown.length > 0 ? `: ${leftByDown.map(({ object }) => object).join(', ')}` : ''}`;
    case 'not-implemented':
      return 'nobody wrote a `down`';
    case 'no':
      return `\`down\` fails${whyNot ? `: ${whyNot}` : ''}`;
    case 'unknown':
      return 'not known';
  }
}

/** Who had to wait while the migrations ran among others: by table, and the project's own statements by their names. */
export function stalls({ impact }: RehearsalReport): { who: string; what: string; fared: Fared }[] {
  return [
    ...(impact?.tables ?? []).flatMap(({ table, reads, writes }) => [
      { who: table, what: 'reads', fared: reads },
      ...(writes ? [{ who: table, what: 'writes', fared: writes }] : []),
    ]),
    // Reports of before know none.
    ...(impact?.workload ?? []).flatMap(({ name, fared }) => (fared ? [{ who: name, what: 'calls', fared }] : [])),
  ];
}

/** The project's own statements that fail without any migration. */
export function failingBefore({ impact }: RehearsalReport): string[] {
  return (impact?.workload ?? []).flatMap(({ name, failsBefore }) =>
    failsBefore === undefined
      ? []
      : `${name} fails before the migrations, and was not asked among them: ${failsBefore}`,
  );
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** What a migration adds to the tables' size, or takes off; nothing where it is not known. */
export function growth({ growth: tables }: MigrationCost): string {
  if (!tables) return '';
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  return `${bytes < 0 ? '' : '+'}${size(bytes)}`;
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.abs(bytes);
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${bytes < 0 ? '-' : ''}${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}
