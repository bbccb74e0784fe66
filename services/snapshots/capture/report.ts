import type { MaskingReport } from '../../../openapi/aliases.ts';
import type { components } from '../../../openapi/types.ts';
import { type CatalogColumn, tableName } from '../../masking/catalog.ts';
import { dictionaryLocale, dictionaryVersion } from '../../masking/dictionaries.ts';
import { keyId } from '../../masking/key.ts';
import type { MaskingPlan, PlannedTable } from '../../masking/plan.ts';
import { type Policy, policyHash } from '../../masking/policy.ts';
import type { ServerFacts, SourceCatalog } from '../../sources/catalog.ts';
import { ruleInWords } from '../report/column.ts';
import type { ColumnCounts } from '../report/count.ts';
import type { CountedResult } from '../report/result.ts';
import { riskOf } from '../report/risk.ts';

type Schemas = components['schemas'];
export type CaptureReport = MaskingReport;

export const meaning =
  'Masked, not anonymous: as long as production and the key exist, masked rows can be brought back to people, so they stay personal data (GDPR, Article 4(5) and recital 26).';

export interface CaptureFacts extends CountedResult {
  /** How it was reached. */
  reached: Pick<Schemas['ReportedSource'], 'server' | 'ssh'> & { tlsMode: NonNullable<Schemas['SourceTls']['mode']> };
  source: ServerFacts;
  catalog: SourceCatalog;
  schemaFingerprint: string;
  plan: MaskingPlan;
  policy: Policy;
  key: Uint8Array;
  copied: Map<string, { rows: number; bytes: number }>;
  leftOut: NonNullable<MaskingReport['leftOut']>;
  durationMs: Record<string, number>;
  warnings: { where: string; what: string }[];
  target: MaskingReport['target'];
}

/** What was captured, from where, and what happened to every column. The data is masked; it is not anonymous. */
export function writeReport(facts: CaptureFacts): CaptureReport {
  const { source, reached, catalog } = facts;
  const { tlsMode, ...way } = reached;
  const version = source.tls_version === null ? {} : { version: source.tls_version };
  return {
    treatment: 'masked',
    meaning,
    source: {
      ...way,
      ...{ database: source.database, login: source.login, serverVersion: source.version, lsn: source.lsn },
      tls: { mode: tlsMode, ...version },
    },
    takenAt: source.at.toISOString(),
    durationMs: facts.durationMs,
    schemaFingerprint: facts.schemaFingerprint,
    policyHash: policyHash(facts.policy),
    keyId: keyId(facts.key),
    dictionaryVersion,
    locale: dictionaryLocale,
    tables: facts.plan.tables.map((table) => reportTable(table, facts)),
    materializedViews: catalog.tables.filter(({ kind }) => kind === 'm').map(tableName),
    groups: facts.groups,
    leftOut: facts.leftOut,
    warnings: [...facts.plan.warnings.map(({ where, what }) => ({ where, what })), ...facts.warnings],
    target: facts.target,
  };
}

function reportTable(table: PlannedTable, { catalog, copied, counts }: CaptureFacts): Schemas['ReportedTable'] {
  const name = tableName(table);
  const { rows, bytes } = copied.get(name) ?? { rows: 0, bytes: 0 };
  const found = catalog.tables.find((one) => one.schema === table.schema && one.name === table.name)!;
  const planned = new Map(table.columns.map((column) => [column.name, column]));
  const columns = found.columns.map((column) => {
    const rule = planned.get(column.name)?.rule;
    const told = rule ? ruleInWords(rule, `${found.partitionOf ?? name}.${column.name}`) : { technique: 'computed' };
    return reportColumn(column, told, rows, counts.get(name)?.get(column.name));
  });
  return { name, rows, bytes, columns };
}

function reportColumn(
  { name, type }: CatalogColumn,
  told: Omit<Schemas['ReportedColumn'], 'name'>,
  rows: number,
  counted: ColumnCounts | undefined,
): Schemas['ReportedColumn'] {
  if (!counted) return { name, type, ...told };
  const { nulls, distinct } = counted;
  return {
    ...{ name, type, ...told, nulls },
    // Kept values are the originals.
    ...(distinct && told.technique === 'keep' ? { distinctIn: distinct } : {}),
    ...(distinct ? { distinctOut: distinct } : {}),
    risk: riskOf(told, rows, counted),
  };
}
