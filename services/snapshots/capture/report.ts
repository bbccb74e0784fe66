import type { MaskingReport } from '../../../openapi/aliases.ts';
import type { components } from '../../../openapi/types.ts';
import { type CatalogColumn, tableName } from '../../masking/catalog.ts';
import { dictionaryVersion } from '../../masking/dictionaries.ts';
import { keyId } from '../../masking/keyed/key.ts';
import type { MaskingPlan, PlannedTable } from '../../masking/plan/plan.ts';
import { type Policy, policyHash } from '../../masking/policy/policy.ts';
import type { SourceCatalog } from '../../sources/catalog.ts';
import { plannedInWords } from '../report/column.ts';
import type { ColumnCounts } from '../report/count.ts';
import { distinctOutOf } from '../report/distinct-out.ts';
import type { CountedResult } from '../report/result.ts';
import { riskOf } from '../report/risk.ts';
import type { DescribedSource } from '../report/source.ts';
import type { SequenceReport } from './sequences.ts';

type Schemas = components['schemas'];
export type CaptureReport = MaskingReport;

const meaning =
  'Masked, not anonymous: as long as production and the key exist, masked rows can be brought back to people, so they stay personal data (GDPR, Article 4(5) and recital 26).';

export interface CaptureFacts extends DescribedSource, CountedResult {
  takenAt: Date;
  catalog: SourceCatalog;
  plan: MaskingPlan;
  policy: Policy;
  key: Uint8Array;
  copied: Map<string, { rows: number; bytes: number }>;
  sequences: SequenceReport[];
  replayDelayMs: number | undefined;
  durationMs: Record<string, number>;
  warnings: { where: string; what: string }[];
  dump?: Schemas['ReportedDump'];
  audit?: Schemas['AuditReport'];
  target: MaskingReport['target'];
}

/** What was captured, from where, and what happened to every column. The data is masked; it is not anonymous. */
export function writeReport(facts: CaptureFacts): CaptureReport {
  const { source, takenAt, durationMs, schemaFingerprint, policy, groups, leftOut, audit, target } = facts;
  // A policy without a locale has English words.
  const { locale = 'en' } = policy;
  return {
    treatment: 'masked',
    meaning,
    source: { ...source, ...(facts.replayDelayMs === undefined ? {} : { replayDelayMs: facts.replayDelayMs }) },
    ...{ takenAt: takenAt.toISOString(), durationMs, schemaFingerprint, policyHash: policyHash(policy) },
    ...{ keyId: keyId(facts.key), dictionaryVersion: dictionaryVersion(locale), locale },
    tables: facts.plan.tables.map((table) => reportTable(table, facts)),
    sequences: facts.sequences,
    materializedViews: facts.catalog.tables.filter(({ kind }) => kind === 'm').map(tableName),
    ...{ groups, leftOut },
    warnings: [
      ...facts.plan.warnings.map(({ where, what }) => ({ where, what })),
      ...facts.warnings,
      ...unmasked(audit),
    ],
    ...(facts.dump ? { dump: facts.dump } : {}),
    ...(audit ? { audit } : {}),
    target,
  };
}

function reportTable(
  table: PlannedTable,
  { catalog, copied, counts, audit, policy }: CaptureFacts,
): Schemas['ReportedTable'] {
  const name = tableName(table);
  const { rows, bytes } = copied.get(name) ?? { rows: 0, bytes: 0 };
  const { locale = 'en', owner } = policy;
  const { columns, partitionOf } = catalog.tables.find((one) => tableName(one) === name)!;
  const planned = new Map(table.columns.map((column) => [column.name, column]));
  return {
    ...{ name, rows, bytes },
    ...(partitionOf === null ? {} : { partitionOf }),
    columns: columns.map((column) => {
      const told = plannedInWords(planned.get(column.name), owner);
      const counted = counts.get(name)?.get(column.name);
      const distinctIn = originalsOf(told.technique, { audit, table: name, column, rows, counted });
      return reportColumn(column, { ...told, ...(distinctIn ? { distinctIn } : {}) }, { rows, counted, locale });
    }),
  };
}

function unmasked(audit: CaptureFacts['audit']): CaptureFacts['warnings'] {
  const columns = audit?.columns ?? [];
  return columns.flatMap(({ table, column, warning }) =>
    warning ? [{ where: `${table}.${column}`, what: warning }] : [],
  );
}

interface Originals {
  audit: Schemas['AuditReport'] | undefined;
  /** `schema.table` */
  table: string;
  column: CatalogColumn;
  rows: number;
  counted: ColumnCounts | undefined;
}

/** How many different originals a column had. */
function originalsOf(
  technique: string,
  { audit, table, column, rows, counted }: Originals,
): Schemas['Count'] | undefined {
  // Kept values are the originals.
  if (technique === 'keep') return counted?.distinct;
  if (technique === 'computed') return undefined;
  if (counted?.unique) return { count: rows, exact: true };
  const audited = audit?.columns.filter((one) => one.table === table && one.column === column.name) ?? [];
  // Of arrays, documents and the like the audit counts elements and fields: that compares with nothing here.
  const isWhole = audited.length === 1 && audited[0]!.technique === technique && !column.isArray;
  return isWhole ? { count: audited[0]!.distinctIn, exact: false } : undefined;
}

function reportColumn(
  { name, type }: CatalogColumn,
  told: Omit<Schemas['ReportedColumn'], 'name'>,
  { rows, counted, locale }: { rows: number; counted: ColumnCounts | undefined; locale: string },
): Schemas['ReportedColumn'] {
  if (!counted) return { name, type, ...told };
  const { nulls } = counted;
  const distinct = distinctOutOf(told, counted.distinct, rows - nulls.count, locale);
  return {
    ...{ name, type, ...told, nulls },
    ...(distinct ? { distinctOut: distinct } : {}),
    risk: riskOf(told, rows, { nulls, ...(distinct ? { distinct } : {}) }),
  };
}
