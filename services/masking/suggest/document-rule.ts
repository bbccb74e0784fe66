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
  const personal = personalKeysIn(evidence);
  if (personal) {
    const { kind: keys, confidence, reason } = personal;
    return { is: 'mask', rules: [{ ...rule, keys }], confidence, reason, seen: true };
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

/** Keys that are somebody's: the mask that is for them, and what tells so. */
function personalKeysIn({ documents, personalKeys }: DocumentsEvidence) {
  const [most] = [...personalKeys].sort(([, a], [, b]) => b - a);
  if (!most) return undefined;
  const [{ finding, label }, count] = most;
  const reason = `${count} of the keys in ${documents} documents look like ${label}`;
  return { kind: masksFor[finding][0]!.mask, confidence: 0.7, reason };
}

/** What a rule that a column has already lets through: kept fields, numbers that no field names, and keys. */
export function missedBy(rule: MaskRule, table: string, evidence: DocumentsEvidence): Decision | undefined {
  const existing = (rule.fields ?? {}) as Record<string, FieldRule>;
  const missed = fieldsOf(table, evidence.leaves).filter(({ path, seen, ofNumbers }) => {
    if (!seen) return false;
    const field = fieldAt(existing, path);
    return field === undefined ? ofNumbers : typeof field === 'object' && 'keep' in field;
  });
  const ofKeys = rule.keys === undefined ? personalKeysIn(evidence) : undefined;
  const found = [
    ...missed.map(({ path, ...one }) => ({ ...one, reason: `${path}: ${one.reason}` })),
    ...(ofKeys ? [ofKeys] : []),
  ];
  if (found.length === 0) return undefined;
  const fields = { ...existing, ...Object.fromEntries(missed.map(({ path, kind }) => [path, kind])) };
  return {
    is: 'mask',
    rules: [{ ...rule, fields, ...(ofKeys ? { keys: ofKeys.kind } : {}) }],
    confidence: Math.max(...found.map(({ confidence }) => confidence)),
    reason: found.map(({ reason }) => `${reason}, and the policy lets them through`).join('; '),
    seen: true,
  };
}

function fieldAt(fields: Record<string, FieldRule>, path: string): FieldRule | undefined {
  const keys = path.split('.');
  const covers = (field: string) => field.split('.').every((part, index) => part === '*' || part === keys[index]);
  const covering = Object.keys(fields).filter((field) => field.split('.').length <= keys.length && covers(field));
  const stars = (field: string) => field.split('.').map((part) => Number(part === '*'));
  covering.sort((a, b) => {
    const [ofA, ofB] = [stars(a), stars(b)];
    return ofB.length - ofA.length || ofA.join('').localeCompare(ofB.join(''));
  });
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
