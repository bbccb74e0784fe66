import type { MaskingReport } from '../../../../openapi/aliases.ts';
import type { components } from '../../../../openapi/types.ts';
import { number, several } from './summary.ts';

type Schemas = components['schemas'];
type AuditReport = Schemas['AuditReport'];

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
  // Columns may hold the same originals, so that a sum over them would count one several times.
  const found = columns.map(({ coincidences }) => coincidences).filter((count) => count > 0);
  const few =
    found.length > 0
      ? ` Of ${several(found.length, 'column')} some stand where chance puts as many, ${number(Math.max(...found))} different ones at most of a column; what the audit searched says where.`
      : '';
  const detail = `${several(originals.kept, 'original')}, as hashes, were searched for in ${several(coverage.values, 'value')} of ${several(coverage.columns, 'column')} and in ${several(coverage.texts, 'text')} of the catalog.${few}`;
  const headline = found.length > 0 ? 'No original found beyond chance' : 'No original found';
  return { state: 'clean', headline, detail };
}

/** What was searched and how it was judged. */
export function auditInWords({ coverage, constraints, columns }: AuditReport): string[] {
  const withValues = columns.filter(({ values }) => values > 0);
  const perRow = withValues.filter(({ judged }) => judged === 'per-row').length;
  const empty = columns.length - withValues.length;
  const { relations, rows, words } = coverage;
  const { checked, notValid } = constraints;
  const loose = notValid.length > 0 ? ` Not valid at the source either: ${notValid.join(', ')}.` : '';
  const nothing = empty > 0 ? `; ${number(empty)} had no values` : '';
  return [
    `Searched by code that is not the masking’s: ${several(relations, 'table or materialized view', 'tables and materialized views')}, ${several(rows, 'row')}, as many as the source has, ${several(words, 'word')}.`,
    `Of ${several(columns.length, 'masked column or kind of fields', 'masked columns and kinds of fields')}, ${number(withValues.length - perRow)} were searched for in the whole result; ${number(perRow)}, whose originals are ordinary values, were compared row by row${nothing}.`,
    `${several(checked, 'constraint or index', 'constraints and indexes')} of the source are in the result, and hold.${loose}`,
  ];
}

export const chanceHeads = ['where', 'originals of', 'stand there', 'chance explains, at most'] as const;

/** Why originals may stand in the result and are no leak, how much of that is allowed, and what becomes of more. */
export const whyChance =
  'Masked values are drawn from the same words, letters and digits as people’s real ones, so that some are equal to another person’s by accident. How many in one place follows from how many originals there are, how many values masking draws there, and out of how many: more than the last number come about less often than once in a million captures, and would have failed the snapshot.';

type Chance = [where: string, of: string, originals: number, atMost: number];

/** Where originals stand that were taken for chance, by `chanceHeads`. */
export function chanceOf({ columns }: AuditReport): Chance[] {
  return columns.flatMap(({ table, column, byChance = [] }) =>
    byChance.map(({ where, originals, atMost }): Chance => [where, `${table}.${column}`, originals, atMost]),
  );
}

export const auditedHeads = [
  ...['column', 'technique', 'how', 'values', 'searched for', 'came out unchanged'],
  ...['chance leaves unchanged', 'found by chance'],
];

export const auditedInWords =
  'Values; how many of them were long enough to be searched for; how many came out of masking as they went in, and how many different ones chance leaves so at most; how many different originals stand somewhere in the result by chance.';

/** By `auditedHeads`. */
export function auditedCells(one: Schemas['AuditedColumn']): (string | number)[] {
  return [
    ...[`${one.table}.${one.column}`, one.technique, judgedInWords(one)],
    ...[one.values, one.searched, one.equal, one.equalByChance, one.coincidences],
  ];
}

function judgedInWords({ values, judged, why = '', warning }: Schemas['AuditedColumn']): string {
  if (values === 0) return 'it had no values';
  const how = judged === 'everywhere' ? 'searched everywhere' : `row by row: ${why}`;
  return warning ? `${how}; ${warning}` : how;
}
