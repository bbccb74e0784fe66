import { createHash } from 'node:crypto';
import { dictionaryVersion } from '../../masking/dictionaries.ts';
import { keyId } from '../../masking/key.ts';
import type { MaskingPlan } from '../../masking/plan.ts';
import { canonical, isKeep, type Policy, policyHash } from '../../masking/policy.ts';
import type { ServerFacts, SourceCatalog } from '../../sources/catalog.ts';
import type { TargetFacts } from '../target.ts';
import type { SequenceReport } from './sequences.ts';

/** What was captured, from where, and what happened to every column. The data is masked; it is not anonymous. */
export interface CaptureReport {
  treatment: 'masked';
  source: {
    server: string;
    database: string;
    serverVersion: string;
    lsn: string;
    /** How far it was behind its primary, where it is a replica. */
    replayDelayMs?: number;
  };
  takenAt: string;
  durationMs: Record<string, number>;
  schemaFingerprint: string;
  policyHash: string;
  keyId: string;
  dictionaryVersion: string;
  tables: TableReport[];
  sequences: SequenceReport[];
  warnings: { where: string; what: string }[];
  target: TargetFacts;
}

export interface TableReport {
  name: string;
  rows: number;
  bytes: number;
  columns: { name: string; technique: string; reason?: string }[];
}

export function writeReport(facts: {
  server: string;
  source: ServerFacts;
  catalog: SourceCatalog;
  plan: MaskingPlan;
  policy: Policy;
  key: Uint8Array;
  copied: Map<string, { rows: number; bytes: number }>;
  sequences: SequenceReport[];
  replayDelayMs: number | undefined;
  durationMs: Record<string, number>;
  warnings: { where: string; what: string }[];
  target: TargetFacts;
}): CaptureReport {
  const { source } = facts;
  return {
    treatment: 'masked',
    source: {
      ...{ server: facts.server, database: source.database, serverVersion: source.version, lsn: source.lsn },
      ...(facts.replayDelayMs === undefined ? {} : { replayDelayMs: facts.replayDelayMs }),
    },
    takenAt: source.at.toISOString(),
    durationMs: facts.durationMs,
    schemaFingerprint: fingerprintOf(facts.catalog),
    policyHash: policyHash(facts.policy),
    keyId: keyId(facts.key),
    dictionaryVersion,
    tables: facts.plan.tables.map((table) => {
      const name = `${table.schema}.${table.name}`;
      return {
        name,
        ...(facts.copied.get(name) ?? { rows: 0, bytes: 0 }),
        columns: table.columns.map(({ name: column, rule }) =>
          isKeep(rule)
            ? { name: column, technique: 'keep', reason: rule.keep }
            : { name: column, technique: rule.mask },
        ),
      };
    }),
    sequences: facts.sequences,
    warnings: [...facts.plan.warnings.map(({ where, what }) => ({ where, what })), ...facts.warnings],
    target: facts.target,
  };
}

/** The same for databases with the same tables, columns, types, unique keys and foreign keys. */
export function fingerprintOf(catalog: SourceCatalog): string {
  const tables = catalog.tables.map(({ schema, name, kind, columns, uniqueKeys }) => ({
    schema,
    name,
    kind,
    columns,
    uniqueKeys,
  }));
  return createHash('sha256')
    .update(canonical({ tables, foreignKeys: catalog.foreignKeys }))
    .digest('hex');
}
