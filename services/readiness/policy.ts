import type { components } from '../../openapi/types.ts';
import { type Database, queryOne } from '../database/queries.ts';

/** The budgets a release is held against. */
export type Policy = Required<components['schemas']['ReadinessPolicy']>;

/** For a project that says nothing: a rewrite of 4 MiB takes well under a second, and users notice a stall of one. */
const defaultPolicy: Policy = {
  maxRewriteBytes: 4 << 20,
  maxLockMs: 1000,
  maxSnapshotAgeHours: 7 * 24,
  maxStallMs: 5000,
  maxMigrationMs: 600_000,
  maxWalBytes: 1 << 30,
  maxDiskBytes: 10 * 2 ** 30,
  acceptedFindings: [],
};

/** A project's own budgets, and the defaults for what it says nothing about. */
export async function policyOf(database: Database, project: string): Promise<Policy> {
  const row = await queryOne<{ readiness: Partial<Policy> }>(database, 'get-project', [project]);
  return { ...defaultPolicy, ...row?.readiness };
}
