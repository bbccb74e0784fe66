import type { MaskingReport } from '../../openapi/aliases.ts';
import type { components } from '../../openapi/types.ts';
import { planMasking } from '../../services/masking/plan/plan.ts';
import { parsePolicy } from '../../services/masking/policy/policy.ts';
import { type CaptureFacts, writeReport } from '../../services/snapshots/capture/report.ts';
import type { ColumnCounts } from '../../services/snapshots/report/count.ts';
import type { SourceTable } from '../../services/sources/catalog.ts';

type AuditReport = components['schemas']['AuditReport'];

export interface ReportedTableOf {
  name: string;
  rows?: number;
  /** Rules by column; undefined is a generated column. */
  columns: Record<string, object | undefined>;
  counts?: Record<string, ColumnCounts>;
}

export const counted = (nulls: number, distinct: number, exact = true): ColumnCounts => ({
  nulls: { count: nulls, exact },
  distinct: { count: distinct, exact },
});

/** An audit that found nothing, of one column. */
export function auditOf(
  table: string,
  column: string,
  more: Partial<AuditReport['columns'][number]> = {},
): AuditReport {
  const counts = { values: 9, distinctIn: 8, searched: 7, equal: 0, equalByChance: 1, coincidences: 0 };
  return {
    hits: 0,
    coverage: { relations: 3, columns: 12, rows: 90, values: 900, words: 1800, bytes: 9000, texts: 40 },
    originals: { kept: 70, spilledBytes: 0 },
    columns: [{ table, column, technique: 'email', judged: 'everywhere', ...counts, ...more }],
    constraints: { checked: 5, notValid: [] },
    durationMs: { collect: 1, search: 1 },
  };
}

/** The report of a capture of these text columns of schema shop, without one. */
export function reportOf(tables: ReportedTableOf[], more: Partial<CaptureFacts> = {}): MaskingReport {
  const sourceTables = tables.map(
    ({ name, columns }): SourceTable => ({
      ...{ oid: 1, schema: 'shop', name, kind: 'r', partitionOf: null, uniqueKeys: [], estimatedRows: 0, sizeBytes: 0 },
      ...{ heapBytes: 0, readable: true, rowSecurity: false, filenode: 1, partition: null, unlogged: false },
      columns: Object.entries(columns).map(([column, rule]) => ({
        ...{ name: column, type: 'text', baseType: 'text', isArray: false, limit: null, precision: null, scale: null },
        ...{ notNull: false, generated: rule === undefined, builtIn: true },
      })),
    }),
  );
  const catalog = { tables: sourceTables, foreignKeys: [], sequences: [] };
  const rules = tables.map(({ name, columns }) => {
    const ruled = Object.entries(columns).filter(([, rule]) => rule !== undefined);
    return [`shop.${name}`, Object.fromEntries(ruled)];
  });
  const policy = parsePolicy({ tables: Object.fromEntries(rules) });
  const counts = tables.map((table) => [`shop.${table.name}`, new Map(Object.entries(table.counts ?? {}))] as const);
  const copied = tables.map(({ name, rows = 0 }) => [`shop.${name}`, { rows, bytes: rows * 10 }] as const);
  return writeReport({
    source: {
      ...{ server: 'db.internal:5432', database: 'shop', login: 'reader', serverVersion: '17.6', lsn: '2A/7F001D28' },
      tls: { mode: 'verify-full', version: 'TLSv1.3' },
    },
    takenAt: new Date('2026-03-01T04:00:00Z'),
    ...{ catalog, policy, plan: planMasking(catalog, policy), key: Buffer.alloc(32, 'k') },
    ...{ copied: new Map(copied), counts: new Map(counts), groups: [], leftOut: [], durationMs: {}, warnings: [] },
    ...{ sequences: [], replayDelayMs: undefined },
    schemaFingerprint: 'f'.repeat(64),
    target: { postgresMajor: 17, libc: 'glibc', dataPath: '', superuser: 'postgres', database: 'shop' },
    ...more,
  });
}
