import type { SchemaChange } from '../database/schema.ts';
import type { SmokeAnswer } from '../readiness/smoke.ts';
import type { Migrated } from './migrate-stack.ts';
import type { HeldLock, Rewrite, Statement } from './observed.ts';
import type { Outcome } from './run-migrator.ts';
import type { MigrationStatus } from './status.ts';

/** What a rehearsal found. `passed` is decided by the exact command alone; the reasons say why not. */
export interface RehearsalReport {
  passed: boolean;
  reasons: string[];
  /** The image ids that were rehearsed, by service. */
  images: Record<string, string>;
  /** Of each service that was rehearsed; changes with anything that its container is created from, its image apart. */
  definitions: Record<string, string>;
  up: RehearsedUp;
  /** One by one, in order. */
  migrations: RehearsedMigration[];
}

interface Result {
  outcome: Outcome;
  exitCode?: number;
  durationMs: number;
  error?: string;
  output?: string;
  failedStatement?: string;
}

export interface RehearsedUp extends Result {
  command: string[];
  connected: boolean;
  applied: string[];
  /** SHA-256 over every object's definition. */
  fingerprint: { before: string; after: string };
  statements: Statement[];
  locks: HeldLock[];
  rewrites: Rewrite[];
}

export interface RehearsedMigration extends Result {
  migration?: string;
  changes: SchemaChange[];
  /** By schema: `down` gave back what was before and `up` what was after. Rows that `down` loses do not show here. */
  reversible: 'yes' | 'no' | 'differs' | 'unknown';
  whyNot?: string;
  leftByDown?: SchemaChange[];
}

/** What an apply did, as far as it got; each step adds its part. */
export interface ApplyReport {
  passed?: boolean;
  reasons?: string[];
  /** It had begun to change the stack, and took that back. */
  restored?: boolean;
  /** The version that the stack ran before. */
  from?: string;
  /** Image ids by service. */
  images?: Record<string, string>;
  status?: MigrationStatus;
  backup?: { id: string; freezeMs: number };
  verification?: { verifyMs: number };
  migrator?: Migrated;
  smoke?: SmokeAnswer[];
}
