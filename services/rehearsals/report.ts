import type { SchemaChange } from '../database/schema.ts';
import type { Production } from '../migrations/production.ts';
import type { Outcome } from '../migrations/run-migrator.ts';
import type { DiskNeed, Extrapolated } from './extrapolate.ts';
import type { Finding } from './findings/findings.ts';
import type { Impact } from './impact.ts';
import type { LockOrder } from './lock-order.ts';
import type { Loss } from './loss.ts';
import type { HeldLock, MigrationCost, Rewrite, Scan, Statement } from './observed.ts';

/** What a rehearsal found. `passed` is decided by the exact command alone; the reasons say why not. */
export interface RehearsalReport {
  passed: boolean;
  reasons: string[];
  /** What a person has to look at: how production differs from what was rehearsed on. */
  warnings: string[];
  /** The image ids that were rehearsed, by service. */
  images: Record<string, string>;
  /** Of each service that was rehearsed; changes with anything that its container is created from, its image apart. */
  definitions: Record<string, string>;
  up: RehearsedUp;
  /** One by one, in order. */
  migrations: RehearsedMigration[];
  findings: Finding[];
  /** Where anything was locked that somebody may want, or the project asks something of its own. */
  impact?: RehearsedImpact;
  /** Where a source was named. */
  production?: Production;
  /** What takes longer in production, where its tables are larger than the clone's. */
  extrapolated?: Extrapolated[];
  disk: DiskNeed;
}

export type RehearsedImpact = Impact & Result;

interface Result {
  outcome: Outcome;
  exitCode?: number;
  durationMs: number;
  error?: string;
  /** The SQLSTATE that Postgres gave. */
  errorCode?: string;
  output?: string;
  failedStatement?: string;
}

export interface RehearsedUp extends Result {
  command: string[];
  connected: boolean;
  /** What the clone's books had before. */
  appliedBefore: string[];
  applied: string[];
  /** SHA-256 over every object's definition. */
  fingerprint: { before: string; after: string };
  statements: Statement[];
  /** How many there were; the list ends after some thousand. */
  statementCount: number;
  locks: HeldLock[];
  lockOrder: LockOrder[];
  rewrites: Rewrite[];
  scans: Scan[];
  costs: MigrationCost[];
  /** Of the whole database. */
  growthBytes: number;
  walBytes: number;
  changes: SchemaChange[];
  /** With indexes; those that have another size afterwards, or were rewritten. */
  tableSizes: { table: string; beforeBytes: number; afterBytes: number }[];
  /** The same in SQL that makes the schema of before that of after. */
  diff: string;
}

export interface RehearsedMigration extends Result {
  migration?: string;
  changes: SchemaChange[];
  diff: string;
  /**
   * `yes`: `down` gave back schema and rows of before and `up` the schema of after; `with-loss`: the schema, but not the
   * rows; `differs`: not even the schema; `no`: `down` failed; `not-implemented`: nobody wrote it.
   */
  reversible: 'yes' | 'with-loss' | 'differs' | 'no' | 'not-implemented' | 'unknown';
  loss?: Loss[];
  whyNot?: string;
  leftByDown?: SchemaChange[];
}
