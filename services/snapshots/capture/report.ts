import { createHash } from 'node:crypto';
import { dictionaryVersion } from '../../masking/dictionaries.ts';
import { keyId } from '../../masking/key.ts';
import type { MaskingPlan } from '../../masking/plan.ts';
import { canonical, isKeep, type KeepRule, type Policy, policyHash } from '../../masking/policy.ts';
import type { ServerFacts, SourceCatalog } from '../../sources/catalog.ts';
import type { TargetFacts } from '../target.ts';

/** What was captured, from where, and what happened to every column. The data is masked; it is not anonymous. */
export interface CaptureReport {
  treatment: 'masked';
  source: { server: string; database: string; serverVersion: string; lsn: string };
  takenAt: string;
  durationMs: Record<string, number>;
  schemaFingerprint: string;
  policyHash: string;
  keyId: string;
  dictionaryVersion: string;
  tables: TableReport[];
  warnings: { where: string; what: string }[];
  target: TargetFacts;
}

export interface TableReport {
  name: string;
  rows: number;
  bytes: number;
  columns: ColumnReport[];
}

export interface ColumnReport {
  name: string;
  technique: string;
  /** Which rule of the policy says so: `column`, `names[2]`, `types.inet`. */
  rule: string;
  /** Why the originals are kept, who answers for it, and the last day on which that holds. */
  reason?: string;
  owner?: string;
  until?: string;
}

export function writeReport(facts: {
  server: string;
  source: ServerFacts;
  catalog: SourceCatalog;
  plan: MaskingPlan;
  policy: Policy;
  key: Uint8Array;
  copied: Map<string, { rows: number; bytes: number }>;
  durationMs: Record<string, number>;
  warnings: { where: string; what: string }[];
  target: TargetFacts;
}): CaptureReport {
  const { source } = facts;
  return {
    treatment: 'masked',
    source: { server: facts.server, database: source.database, serverVersion: source.version, lsn: source.lsn },
    takenAt: source.at.toISOString(),
    durationMs: facts.durationMs,
    schemaFingerprint: fingerprintOf(facts.catalog),
    policyHash: policyHash(facts.policy),
    keyId: keyId(facts.key),
    dictionaryVersion: dictionaryVersion(facts.policy.locale),
    tables: facts.plan.tables.map((table) => {
      const name = `${table.schema}.${table.name}`;
      return {
        name,
        ...(facts.copied.get(name) ?? { rows: 0, bytes: 0 }),
        columns: table.columns.map(({ name: column, rule, by }) =>
          isKeep(rule)
            ? { name: column, technique: 'keep', rule: by, ...keptBecause(rule) }
            : { name: column, technique: rule.mask, rule: by },
        ),
      };
    }),
    warnings: [...facts.plan.warnings.map(({ where, what }) => ({ where, what })), ...facts.warnings],
    target: facts.target,
  };
}

function keptBecause({ keep, owner, until }: KeepRule): Pick<ColumnReport, 'reason' | 'owner' | 'until'> {
  return { reason: keep, ...(owner === undefined ? {} : { owner }), ...(until === undefined ? {} : { until }) };
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
