import type { SmokeAnswer } from '../readiness/smoke.ts';
import type { TakenBack } from '../stacks/take-back.ts';
import type { Migrated } from './migrate-stack.ts';
import type { MigrationStatus } from './status.ts';

/** What an apply did, as far as it got; each step adds its part. */
export interface ApplyReport {
  passed?: boolean;
  reasons?: string[];
  /** It had begun to change the stack, and took that back. */
  restored?: boolean;
  data?: TakenBack['data'];
  /** The version that the stack ran before. */
  from?: string;
  /** Image ids by service. */
  images?: Record<string, string>;
  status?: MigrationStatus;
  backup?: { id: string; freezeMs: number; readMs: number };
  verification?: { verifyMs: number };
  migrator?: Migrated;
  smoke?: SmokeAnswer[];
}
