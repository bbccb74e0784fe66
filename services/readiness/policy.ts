import type { components } from '../../openapi/types.ts';

/** The budgets a release is held against. */
export type Policy = Required<components['schemas']['ReadinessPolicy']>;

/** For a project that says nothing: a rewrite of 4 MiB takes well under a second, and users notice a stall of one. */
export const defaultPolicy: Policy = {
  maxRewriteBytes: 4 << 20,
  maxLockMs: 1000,
  maxSnapshotAgeHours: 7 * 24,
};
