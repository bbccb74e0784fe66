import type { MaskRule } from '../kind.ts';
import { kinds } from '../kinds/index.ts';
import type { ColumnRule } from '../policy/rule.ts';
import type { Decision } from './decide.ts';
import { decideNumber } from './decide-number.ts';
import { decideText } from './decide-text.ts';
import type { DocumentsEvidence, LeafEvidence } from './documents.ts';
import { hintOf } from './names-of-columns.ts';
import { masksFor } from './words.ts';

type FieldRule = string | ColumnRule;

interface FieldProposal {
  path: string;
  kind: string;
  reason: string;
  confidence: number;
  /** Told by values, and not by the key alone. */
  seen: boolean;
  /** Its values are numbers, which the mask leaves as they are where no field says otherwise. */
  ofNumbers: boolean;
}

/** What to do with a column of documents. */
export function decideDocuments(table: string, evidence: DocumentsEvidence): Decision {
  const fields = fieldsOf(table, evidence.leaves);
  const rule: MaskRule = { mask: 'json' };
  if (fields.length > 0) rule.fields = Object.fromEntries(fields.map(({ path, kind }) => [path, kind]));
  const [personal] = [...evidence.personalKeys].sort(([, a], [, b]) => b - a);
  if (personal) {
    // Where the mask leaves keys as they are, this rule fits nothing, and a person has to decide.
    const [{ finding, label }, count] = personal;
    rule.keys = masksFor[finding][0]!.mask;
    const reason = `${count} of the keys in ${evidence.documents} documents look like ${label}`;
    return { is: 'mask', rules: [rule], confidence: 0.7, reason, seen: true };
  }
  const shown = fields.map(({ path, reason }) => `${path}: ${reason}`);
  const reason = [
    `${evidence.documents} documents`,
    ...shown,
    'every other string is masked as text; other numbers, keys and booleans stay',
  ].join('; ');
  const confidence = fields.reduce((most, field) => Math.max(most, field.confidence), 0.6);
  return { is: 'mask', rules: [rule], confidence, reason, seen: fields.some(({ seen }) => seen) };
}

/** What a rule that a column has already lets through: kept fields, and numbers that no field names. */
export function missedBy(rule: MaskRule, table: string, evidence: DocumentsEvidence): Decision | undefined {
  const existing = (rule.fields ?? {}) as Record<string, FieldRule>;
  const missed = fieldsOf(table, evidence.leaves).filter(({ path, seen, ofNumbers }) => {
    if (!seen) return false;
    const field = fieldAt(existing, path);
    return field === undefined ? ofNumbers : typeof field === 'object' && 'keep' in field;
  });
  if (missed.length === 0) return undefined;
  const fields = { ...existing, ...Object.fromEntries(missed.map(({ path, kind }) => [path, kind])) };
  return {
    is: 'mask',
    rules: [{ ...rule, fields }],
    confidence: Math.max(...missed.map(({ confidence }) => confidence)),
    reason: missed.map(({ path, reason }) => `${path}: ${reason}, and the policy lets them through`).join('; '),
    seen: true,
  };
}

function fieldAt(fields: Record<string, FieldRule>, path: string): FieldRule | undefined {
  const keys = path.split('.');
  const covers = (field: string) => field.split('.').every((part, index) => part === '*' || part === keys[index]);
  const covering = Object.keys(fields).filter((field) => field.split('.').length <= keys.length && covers(field));
  covering.sort((a, b) => b.split('.').length - a.split('.').length || a.split('*').length - b.split('*').length);
  return covering[0] === undefined ? undefined : fields[covering[0]];
}

/** Leaves whose values want a mask of their own. Leaves that share a path (`*`) have to agree, else they stay text. */
function fieldsOf(table: string, leaves: readonly LeafEvidence[]): FieldProposal[] {
  const byPath = new Map<string, FieldProposal | null>();
  for (const leaf of leaves) {
    const proposal = fieldOf(table, leaf, siblingsOf(leaf, leaves)) ?? null;
    const other = byPath.get(leaf.path);
    byPath.set(leaf.path, other === undefined || other?.kind === proposal?.kind ? proposal : null);
  }
  return [...byPath.values()].filter((proposal) => proposal !== null);
}

/** The keys beside a leaf. */
function siblingsOf({ path }: LeafEvidence, leaves: readonly LeafEvidence[]): string[] {
  const parentOf = (of: string) => of.slice(0, of.lastIndexOf('.') + 1);
  return leaves.filter((other) => parentOf(other.path) === parentOf(path)).map(({ key }) => key);
}

function fieldOf(table: string, leaf: LeafEvidence, siblings: readonly string[]): FieldProposal | undefined {
  if (leaf.path === '') return undefined;
  const hint = leaf.key === '' ? undefined : hintOf(table, leaf.key, siblings);
  for (const [ofNumbers, collector] of [
    [false, leaf.strings],
    [true, leaf.numbers],
  ] as const) {
    const evidence = collector.evidence();
    if (evidence.looked === 0) continue;
    const subject = { name: leaf.key, hint, evidence };
    const decision = ofNumbers ? decideNumber(subject, true) : decideText(subject);
    if (decision.is !== 'mask') continue;
    const rule = decision.rules.find(
      ({ mask, ...options }) =>
        Object.keys(options).length === 0 &&
        Object.hasOwn(kinds, mask) &&
        !kinds[mask]!.required?.length &&
        (kinds[mask]!.holds.includes('text') || (ofNumbers && mask === 'number')),
    );
    if (!rule || rule.mask === 'text' || rule.mask === 'json') continue;
    const { reason, confidence, seen } = decision;
    return { path: leaf.path, kind: rule.mask, reason, confidence, seen, ofNumbers };
  }
  return undefined;
}
