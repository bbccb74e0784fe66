import {
  bytesInProduction,
  durationInProduction,
  heldInProduction,
  walInProduction,
} from '../rehearsals/extrapolate.ts';
import { suppress, today } from '../rehearsals/findings/findings.ts';
import { blockingLocks } from '../rehearsals/observed.ts';
import type { RehearsalReport } from '../rehearsals/report.ts';
import { driftCheck } from './drift-check.ts';
import type { Policy } from './policy.ts';
import type { Check } from './verdict.ts';

export interface Rehearsed {
  id: string;
  state: string;
  snapshot: string;
  finished_at: Date | null;
  report: RehearsalReport | null;
}

/** What the rehearsal is held against: the images the release resolves to now, and the snapshot that is newest. */
export interface Current {
  /** Image id of the services that were rehearsed. */
  images: Record<string, string | undefined>;
  /** What the project's Compose file makes of the release now. */
  definitions: Record<string, string>;
  snapshot: string | undefined;
}

/** The checks that a rehearsal answers. Without one that is fresh none of them passes. */
export function rehearsalChecks(rehearsal: Rehearsed | undefined, current: Current, policy: Policy): Check[] {
  const expected = 'passed, for these very images and the newest snapshot';
  const title = 'Migrations rehearsed';
  const remedy = 'POST /v1/migration-runs with kind rehearsal and this release.';
  if (!rehearsal) return [{ id: 'rehearsal', title, status: 'no_data', expected, observed: 'never rehearsed', remedy }];
  const evidence = {
    evidence: `/v1/migration-runs/${rehearsal.id}`,
    ...(rehearsal.finished_at ? { at: rehearsal.finished_at.toISOString() } : {}),
  };
  const { report } = rehearsal;
  if (!report) {
    return [
      {
        id: 'rehearsal',
        title,
        status: 'error',
        expected,
        observed: 'the rehearsal could not be carried out',
        remedy,
        ...evidence,
      },
    ];
  }
  const old = staleness(rehearsal.snapshot, report, current);
  if (old) return [{ id: 'rehearsal', title, status: 'stale', expected, observed: old, remedy, ...evidence }];
  const count = report.up.applied.length;
  return [
    {
      id: 'rehearsal',
      title,
      status: report.passed ? 'pass' : 'fail',
      expected,
      observed: report.passed ? `${count} migration${count === 1 ? '' : 's'} passed` : report.reasons.join('; '),
      ...(report.passed ? {} : { remedy: 'Mend the migration that the report names, and rehearse again.' }),
      ...evidence,
    },
    { ...findings(report, policy), ...evidence },
    { ...rewrites(report, policy), ...evidence },
    { ...locks(report, policy), ...evidence },
    { ...stall(report, policy), ...evidence },
    { ...time(report, policy), ...evidence },
    { ...wal(report, policy), ...evidence },
    { ...disk(report, policy), ...evidence },
    { ...undoing(report), ...evidence },
    { ...driftCheck(report), ...evidence },
  ];
}

function staleness(snapshot: string, report: RehearsalReport, current: Current): string | undefined {
  if (!report.findings || !report.disk) return 'rehearsed by an older greenroom, which did not ask all of this';
  const changed = Object.entries(report.images).find(([service, id]) => current.images[service] !== id);
  if (changed) return `rehearsed with another image of ${changed[0]}`;
  const redefined = Object.entries(report.definitions).find(([name, hash]) => current.definitions[name] !== hash);
  if (redefined) return `the definition of ${redefined[0]} has changed since it was rehearsed`;
  if (current.snapshot !== snapshot)
    return `rehearsed on ${snapshot}, the newest snapshot is ${current.snapshot ?? 'gone'}`;
  return undefined;
}

function findings(report: RehearsalReport, { acceptedFindings }: Policy): Check {
  const found = suppress(report.findings, acceptedFindings, today()).filter(({ suppressed }) => !suppressed);
  const [errors, warnings] = (['error', 'warning'] as const).map((severity) =>
    found.filter((one) => one.severity === severity),
  );
  const worst = errors!.length > 0 ? errors! : warnings!;
  const accepted = report.findings.length - found.length;
  return {
    id: 'findings',
    title: 'Nothing against the migrations',
    status: errors!.length > 0 ? 'fail' : warnings!.length > 0 ? 'warn' : 'pass',
    expected: 'no finding that is an error or a warning and that the project has not accepted',
    observed:
      worst.length > 0
        ? worst
            .map(({ id, where, migration, sql }) => `${id}: ${where}${migration ? ` in ${migration}` : ''}: ${sql}`)
            .join('; ')
        : `${found.length || 'no'} advice${accepted > 0 ? `, ${accepted} accepted` : ''}`,
    ...(worst.length > 0
      ? {
          remedy:
            'The report says of each how it is done better; or accept it in the project, with a reason and an expiry.',
        }
      : {}),
  };
}

function stall(report: RehearsalReport, { maxStallMs }: Policy): Check {
  const { impact } = report;
  const expected = `no query among the migrations takes longer than ${maxStallMs} ms`;
  const title = 'Others can go on';
  if (!impact) {
    if (blockingLocks(report.up.locks).length === 0)
      return { id: 'stall', title, status: 'pass', expected, observed: 'nothing was locked that others use' };
    const remedy = 'Rehearse again, without impact: false.';
    return { id: 'stall', title, status: 'no_data', expected, observed: 'not measured', remedy };
  }
  const { outcome, error, longestStallMs, tables } = impact;
  const worst = tables.find(
    ({ reads, writes }) => Math.max(reads.longestMs, writes?.longestMs ?? 0) === longestStallMs,
  );
  const bad = outcome !== 'completed' || longestStallMs > maxStallMs;
  return {
    id: 'stall',
    title,
    status: bad ? 'fail' : 'pass',
    expected,
    observed:
      outcome === 'completed'
        ? `longest ${longestStallMs} ms${worst ? `, on ${worst.table}` : ''}`
        : `among readers and writers the migrations ended as ${outcome}: ${error}`,
    ...(bad ? { remedy: 'Set a lock_timeout in the migration and try again, or split the release.' } : {}),
  };
}

/** A figure as it was measured, and what it comes to in production where that is more. */
interface Figure {
  measured: number;
  figure: number;
}

function both({ measured, figure }: Figure, show: (figure: number) => string): string {
  return figure > measured
    ? `${show(measured)} on the clone, about ${show(figure)} at production’s size`
    : show(measured);
}

/** A figure of the rehearsal that has to stay below the project's. */
function budget(
  check: { id: 'duration' | 'wal' | 'disk'; title: string; remedy: string },
  found: Figure,
  most: number,
  show: (figure: number) => string,
): Check {
  const { remedy, ...asked } = check;
  const over = Math.max(found.figure, found.measured) > most;
  const told = { expected: `at most ${show(most)}`, observed: both(found, show), ...(over ? { remedy } : {}) };
  return { ...asked, status: over ? 'fail' : 'pass', ...told };
}

function time({ up, extrapolated }: RehearsalReport, { maxMigrationMs }: Policy): Check {
  const remedy = 'Move what takes long out of the release: in batches, before or after it.';
  const check = { id: 'duration', title: 'Migrations are quick enough', remedy } as const;
  const found = { measured: up.durationMs, figure: durationInProduction(up, extrapolated) };
  return budget(check, found, maxMigrationMs, (ms) => `${ms} ms`);
}

function wal({ up, extrapolated }: RehearsalReport, { maxWalBytes }: Policy): Check {
  const remedy = 'Change the rows in batches over a longer time.';
  const check = { id: 'wal', title: 'Replicas can follow', remedy } as const;
  const found = { measured: up.walBytes, figure: walInProduction(up, extrapolated) };
  return budget(check, found, maxWalBytes, (bytes) => `${megabytes(bytes)} of WAL`);
}

function disk({ disk: need }: RehearsalReport, { maxDiskBytes }: Policy): Check {
  const remedy = 'Make room first, or rewrite the table in parts: a new column, filled in batches.';
  const what = need.largestRewrite ? `, the old copy of ${need.largestRewrite} included` : '';
  const check = { id: 'disk', title: 'The disk is large enough', remedy } as const;
  const found = { measured: need.measuredPeakBytes, figure: need.peakBytes };
  const { observed, ...told } = budget(check, found, maxDiskBytes, (bytes) => `${megabytes(bytes)} more`);
  return { ...told, observed: `${observed}${what}` };
}

function rewrites(report: RehearsalReport, { maxRewriteBytes }: Policy): Check {
  const found = report.up.rewrites.map((r) => {
    const figure = bytesInProduction(r, report.extrapolated);
    return { ...r, figure, size: both({ measured: r.sizeBytes, figure }, megabytes) };
  });
  const large = found.filter(({ sizeBytes, figure }) => Math.max(sizeBytes, figure) > maxRewriteBytes);
  return {
    id: 'rewrites',
    title: 'No large table rewritten',
    status: large.length > 0 ? 'fail' : 'pass',
    expected: `no table above ${megabytes(maxRewriteBytes)} rewritten`,
    observed:
      large.length === 0
        ? `${report.up.rewrites.length || 'no'} rewrites, none above it`
        : large
            .map((r) => `${r.migration ?? 'a migration'} rewrites ${r.table} (${r.size}, ${r.reason}): ${r.sql}`)
            .join('; '),
    ...(large.length > 0 ? { remedy: 'Add a new column, fill it in batches, and switch over.' } : {}),
  };
}

function locks(report: RehearsalReport, { maxLockMs }: Policy): Check {
  const show = (ms: number) => `${ms} ms`;
  const blocking = blockingLocks(report.up.locks)
    .map((lock) => ({ ...lock, figure: heldInProduction(lock, report.extrapolated) }))
    .map((lock) => ({ ...lock, time: both({ measured: lock.heldMs, figure: lock.figure }, show) }))
    .toSorted((a, b) => b.figure - a.figure);
  const long = blocking.filter(({ figure }) => figure > maxLockMs);
  return {
    id: 'locks',
    title: 'Locks within budget',
    status: long.length > 0 ? 'fail' : 'pass',
    expected: `no lock that blocks writers held longer than ${maxLockMs} ms`,
    observed:
      long.length === 0
        ? `longest ${blocking[0]?.time ?? '0 ms'}`
        : long
            .map((l) => `${l.migration ?? 'a migration'} holds ${l.mode} on ${l.table} for ${l.time}: ${l.sql}`)
            .join('; '),
    ...(long.length > 0
      ? { remedy: 'Split the release: one transaction holds every lock until its last statement.' }
      : {}),
  };
}

function undoing(report: RehearsalReport): Check {
  const not = report.migrations.filter(({ reversible }) => reversible !== 'yes');
  return {
    id: 'reversible',
    title: 'Migrations can be undone',
    status: not.length > 0 ? 'warn' : 'pass',
    expected: '`down` gives back schema and rows of before',
    observed:
      not.length === 0
        ? 'every one'
        : not.map(({ migration, reversible }) => `${migration ?? 'the one that failed'}: ${reversible}`).join('; '),
    ...(not.length > 0 ? { remedy: 'The way back is a backup, not `down`.' } : {}),
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
