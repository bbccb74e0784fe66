import type { RehearsalReport } from '../rehearsals/report.ts';
import type { Check } from './verdict.ts';

/** Whether production is what was rehearsed on. A project need not have a source that can be asked. */
export function driftCheck({ production, up, warnings }: RehearsalReport): Check {
  const check: Pick<Check, 'id' | 'title' | 'expected' | 'optional'> = {
    id: 'drift',
    title: 'Production is as rehearsed',
    expected: 'production has the schema and the migrations that were rehearsed on',
    optional: true,
  };
  if (!production || production.error) {
    const observed = production?.error ? warnings.join('; ') : 'no source was asked';
    return { ...check, status: 'no_data', observed, remedy: 'Rehearse again with source: the name of a source.' };
  }
  const { unknown = [], pending, at, source } = production;
  const others = pending && !sameMembers(pending, up.applied) && up.outcome === 'completed';
  const observed = [
    ...warnings,
    ...(others
      ? [
          `\`up\` would run in production: ${pending.join(', ') || 'nothing'}; rehearsed: ${up.applied.join(', ') || 'nothing'}`,
        ]
      : []),
  ];
  if (observed.length === 0) return { ...check, status: 'pass', observed: `${source} at ${at} is` };
  return {
    ...check,
    // A migrator that finds an unknown version in its books refuses to run at all.
    status: unknown.length > 0 ? 'fail' : 'warn',
    observed: observed.join('; '),
    remedy: 'Capture a new snapshot and rehearse on it; what somebody changed by hand belongs into a migration.',
  };
}

function sameMembers(one: string[], other: string[]): boolean {
  return one.length === other.length && one.every((member) => other.includes(member));
}
