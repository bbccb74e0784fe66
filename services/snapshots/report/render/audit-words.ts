import type { MaskingReport } from '../../../../openapi/aliases.ts';
import type { components } from '../../../../openapi/types.ts';
import { number } from './summary.ts';

type Schemas = components['schemas'];

export interface Leak {
  state: 'clean' | 'found' | 'unknown';
  headline: string;
  detail: string;
}

/** What the audit says, in a line. */
export function leakOf({ audit }: MaskingReport): Leak {
  if (!audit) {
    const detail = 'The result was not searched for originals. What stands here is what the capture did.';
    return { state: 'unknown', headline: 'Not audited', detail };
  }
  const { hits, coverage, originals, columns } = audit;
  // The contract knows no other number; what else stands here is no proof.
  if (hits !== 0) return { state: 'found', headline: `Originals found: ${hits}`, detail: 'It is not to be used.' };
  const byChance = columns.reduce((sum, { coincidences }) => sum + coincidences, 0);
  const few =
    byChance > 0 ? ` ${number(byChance)} stand where chance puts as many; what the audit searched says where.` : '';
  const detail = `${number(originals.kept)} originals, as hashes, were searched for in ${number(coverage.values)} values of ${number(coverage.columns)} columns and in ${number(coverage.texts)} texts of the catalog.${few}`;
  const headline = byChance > 0 ? 'No original found beyond chance' : 'No original found';
  return { state: 'clean', headline, detail };
}

/** What was searched and how it was judged. */
export function auditInWords({ coverage, constraints, columns }: Schemas['AuditReport']): string[] {
  const perRow = columns.filter(({ judged }) => judged === 'per-row').length;
  const { relations, rows, words } = coverage;
  const { checked, notValid } = constraints;
  const loose = notValid.length > 0 ? ` Not valid at the source either: ${notValid.join(', ')}.` : '';
  const byChance = columns.flatMap(({ table, column, byChance = [] }) =>
    byChance.map(
      ({ where, originals, atMost }) =>
        `Taken for chance, which explains ${number(atMost)} at most: ${where} holds ${number(originals)} of ${table}.${column}.`,
    ),
  );
  return [
    `Searched by code that is not the masking’s: ${number(relations)} tables and materialized views, ${number(rows)} rows, as many as the source has, ${number(words)} words.`,
    `Of ${number(columns.length)} masked columns and kinds of fields, ${number(columns.length - perRow)} were searched for in the whole result; ${number(perRow)}, whose originals are ordinary values, were compared row by row.`,
    `${number(checked)} constraints and indexes of the source are in the result, and hold.${loose}`,
    ...byChance,
  ];
}

export function judgedInWords({ judged, why = '', warning }: Schemas['AuditedColumn']): string {
  const how = judged === 'everywhere' ? 'searched everywhere' : `row by row: ${why}`;
  return warning ? `${how}; ${warning}` : how;
}
