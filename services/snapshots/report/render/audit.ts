import { auditInWords, judgedInWords } from './audit-words.ts';
import { type Head, html, section, table } from './parts.ts';
import type { Reported } from './summary.ts';

export function auditSection({ report: { audit } }: Reported): string {
  if (!audit) return '';
  const lines = auditInWords(audit).map((line) => `<p>${html(line)}</p>`);
  return section('What the audit searched', lines.join(''));
}

const heads: Head[] = [
  ['column', 26],
  ['technique', 11],
  ['how', 25],
  ['values', 8],
  ['searched for', 8],
  ['same after', 7],
  ['by chance, at most', 8],
  ['also made of others', 7],
];

/** At the end: proof for who asks. */
export function auditedColumnsSection({ report: { audit } }: Reported): string {
  if (!audit || audit.columns.length === 0) return '';
  const rows = audit.columns.map((one) => [
    ...[`${one.table}.${one.column}`, one.technique, judgedInWords(one)],
    ...[one.values, one.searched, one.equal, one.equalByChance, one.coincidences],
  ]);
  return section('The audit, column by column', table(heads, rows));
}
