import {
  auditedCells,
  auditedHeads,
  auditedInWords,
  auditInWords,
  chanceHeads,
  chanceOf,
  whyChance,
} from './audit-words.ts';
import { type Head, html, section, table } from './parts.ts';
import type { Reported } from './summary.ts';

const widthsOfChance = [38, 38, 12, 12];

export function auditSection({ report: { audit } }: Reported): string {
  if (!audit) return '';
  const lines = auditInWords(audit).map((line) => `<p>${html(line)}</p>`);
  const chance = chanceOf(audit);
  const heads = chanceHeads.map((title, index): Head => [title, widthsOfChance[index]!]);
  const why = `<h3>Taken for chance</h3><p class="quiet">${html(whyChance)}</p>`;
  return section('What the audit searched', lines.join('') + (chance.length > 0 ? why + table(heads, chance) : ''));
}

const widths = [25, 11, 24, 8, 8, 8, 8, 8];

/** At the end: proof for who asks. */
export function auditedColumnsSection({ report: { audit } }: Reported): string {
  if (!audit || audit.columns.length === 0) return '';
  const heads = auditedHeads.map((title, index): Head => [title, widths[index]!]);
  const legend = `<p class="quiet">${html(auditedInWords)}</p>`;
  return section('The audit, column by column', legend + table(heads, audit.columns.map(auditedCells)));
}
