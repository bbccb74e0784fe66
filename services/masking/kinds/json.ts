import type { Kind, Mask, MaskRule, Materials, Place } from '../kind.ts';
import { appendString, createSink } from '../sink.ts';

/**
 * Masks the leaves of a document and leaves every other byte as it is (numbers keep all their digits, keys their order).
 *
 * `fields` says what happens at a path (`contact.email`; arrays are walked through, `*` is any key) and beneath it.
 * Strings anywhere else are masked as free text: a field that nobody thought of does not get through. Keys stay.
 */
export const json: Kind = {
  summary:
    'Masks `fields` by path (a.b, arrays are walked through, * is any key); other strings as text; keys and numbers stay',
  holds: ['json', 'text'],
  options: { fields: { type: 'object', additionalProperties: { $ref: '#/$defs/field' } } },
  unique: 'never',
  needsEscape: true,
  create: (materials, rule, place) => {
    const otherwise = leafMask(materials, { mask: 'text' });
    const root = ruleTree(materials, (rule.fields ?? {}) as Record<string, FieldRule>);
    const wholeAsText = place.family === 'text' ? materials.mask({ mask: 'text' }, place) : undefined;
    return (bytes, start, end, out) => {
      const document = bytes.toString('utf8', start, end);
      if (wholeAsText && !isJson(document)) return wholeAsText(bytes, start, end, out);
      appendString(out, maskDocument(document, root, otherwise));
    };
  },
};

type FieldRule = string | MaskRule | { keep: string };
/** Gives the JSON text that replaces a leaf's JSON text. */
type LeafMask = (leaf: string) => string;

interface RuleNode {
  children: Map<string, RuleNode>;
  leaf?: LeafMask;
}

const keepLeaf: LeafMask = (leaf) => leaf;

function ruleTree(materials: Materials, fields: Record<string, FieldRule>): RuleNode {
  const root: RuleNode = { children: new Map() };
  for (const [path, field] of Object.entries(fields)) {
    let node = root;
    for (const key of path.split('.')) {
      const child = node.children.get(key) ?? { children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    if (typeof field === 'object' && 'keep' in field) node.leaf = keepLeaf;
    else node.leaf = leafMask(materials, typeof field === 'string' ? { mask: field } : (field as MaskRule));
  }
  return root;
}

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function leafMask(materials: Materials, rule: MaskRule): LeafMask {
  if (rule.mask === 'null') return () => 'null';
  if (rule.mask === 'constant') return () => JSON.stringify(rule.value);
  const place: Place = { family: rule.mask === 'number' ? 'decimal' : 'text', type: 'text', unique: false };
  const mask: Mask = materials.mask(rule, place);
  const sink = createSink(256);
  const apply = (value: string) => {
    const bytes = Buffer.from(value);
    sink.at = 0;
    mask(bytes, 0, bytes.length, sink);
    return sink.bytes.toString('utf8', 0, sink.at);
  };
  const ofNumbers = rule.mask !== 'text';
  return (leaf) => {
    if (leaf.startsWith('"')) {
      const value = JSON.parse(leaf) as string;
      return value === '' ? leaf : JSON.stringify(apply(value));
    }
    if (!ofNumbers || !jsonNumber.test(leaf)) return leaf;
    const masked = apply(leaf);
    return jsonNumber.test(masked) ? masked : JSON.stringify(masked);
  };
}

/** A JSON token or a run of white space; what a valid document is made of. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+|\s+/gs;

interface Level {
  isObject: boolean;
  node: RuleNode | undefined;
  /** What applies to leaves beneath that have no rule of their own. */
  inherited: LeafMask;
  child: RuleNode | undefined;
  atKey: boolean;
}

function maskDocument(document: string, root: RuleNode, otherwise: LeafMask): string {
  const levels: Level[] = [];
  let result = '';
  for (const [token] of document.matchAll(tokens)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      const node = level ? level.child : root;
      const isObject = token === '{';
      levels.push({
        isObject,
        node,
        inherited: node?.leaf ?? level?.inherited ?? otherwise,
        child: isObject ? undefined : node,
        atKey: isObject,
      });
      result += token;
    } else if (token === '}' || token === ']') {
      levels.pop();
      result += token;
    } else if (token === ',') {
      if (level?.isObject) level.atKey = true;
      result += token;
    } else if (token === ':' || token.trim() === '') {
      result += token;
    } else if (level?.atKey) {
      const key = JSON.parse(token) as string;
      level.child = level.node?.children.get(key) ?? level.node?.children.get('*');
      level.atKey = false;
      result += token;
    } else {
      const leaf = (level ? level.child?.leaf : root.leaf) ?? level?.inherited ?? otherwise;
      result += leaf(token);
    }
  }
  return result;
}

function isJson(document: string): boolean {
  try {
    JSON.parse(document);
    return true;
  } catch {
    return false;
  }
}
