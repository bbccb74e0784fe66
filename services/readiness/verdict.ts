import type { components } from '../../openapi/types.ts';

export type Check = components['schemas']['Check'];
export type Verdict = components['schemas']['Verdict'];

/**
 * The verdict of all checks together: a failed one decides; one that could not be answered (error, no data, stale) is
 * never taken for a pass.
 */
export function verdictOf(asked: Pick<Check, 'status' | 'optional'>[]): Verdict {
  const checks = asked.filter(weighs);
  const some = (...statuses: Check['status'][]) => checks.some(({ status }) => statuses.includes(status));
  if (some('fail')) return 'NOT_READY';
  if (some('error', 'no_data', 'stale') || checks.length === 0) return 'INCONCLUSIVE';
  return some('warn') ? 'READY_WITH_WARNINGS' : 'READY';
}

/** One line for each check that stands in the way. */
export function reasonsOf(checks: Check[]): string[] {
  return checks
    .filter((check) => check.status !== 'pass' && check.status !== 'waived' && weighs(check))
    .map(({ id, status, observed }) => `${id} (${status}): ${observed}`);
}

/** What nobody has to ask does not count against a release while it is not answered. */
function weighs({ status, optional }: Pick<Check, 'status' | 'optional'>): boolean {
  return !(optional && status === 'no_data');
}
