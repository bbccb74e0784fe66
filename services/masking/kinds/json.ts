import type { Kind, MaskRule, Materials, PartRule, Place } from '../kind.ts';
import { appendString, appendWhenLong, type Sink } from '../rows/sink.ts';
import { ofStrings } from '../values/apply.ts';
import { innerRules, isKept, maskPart, maskRuleOf, type PartMask } from '../values/parts.ts';
import { endOfQuoted } from '../values/quoted.ts';
import { Unmaskable } from '../values/unmaskable.ts';

/**
 * Masks the leaves of a document and leaves every other byte as it is (numbers keep all their digits, keys their order).
 *
 * `fields` says what happens at a path (`contact.email`; arrays are walked through, `*` is any key) and beneath it. Of the
 * paths that match, the longest counts; of equally long ones that which names a key where others say `*`, from the left.
 * Strings anywhere else are masked as free text: a field that nobody thought of does not get through. Numbers and
 * booleans there stay unless `numbers` and `booleans` say otherwise, and keys that no path names unless `keys` does.
 */
export const json: Kind = {
  summary:
    'Masks `fields` by path (a.b, arrays are walked through, * is any key); other strings as text; other numbers by `numbers`, other booleans by `booleans`, keys that no path names by `keys`, where those are given',
  holds: ['json', 'text'],
  options: {
    fields: { type: 'object', additionalProperties: { $ref: '#/$defs/field' } },
    numbers: { $ref: '#/$defs/field' },
    keys: { $ref: '#/$defs/field' },
    booleans: { $ref: '#/$defs/field' },
  },
  unique: 'never',
  needsEscape: true,
  parts: (whole) =>
    innerRules(whole).map(({ option, path = option, rule }) => ({
      name: path,
      rule,
      value: { place: option === 'booleans' ? booleanPlace : leafPlace(rule), isArray: false },
    })),
  create: (materials, rule, place) => {
    const strings = leafMask(materials, { mask: 'text' });
    const numbers = rule.numbers === undefined ? keepLeaf : leafRule(materials, rule.numbers as PartRule);
    const booleans = rule.booleans === undefined ? keepLeaf : leafRule(materials, rule.booleans as PartRule);
    const otherwise: LeafMask = (leaf) => {
      if (leaf.startsWith('"')) return strings(leaf);
      if (jsonNumber.test(leaf)) return numbers(leaf);
      return leaf === 'null' ? leaf : booleans(leaf);
    };
    const keyOf = rule.keys === undefined ? undefined : maskPart(materials, rule.keys as PartRule, asText);
    const root = ruleTree(materials, (rule.fields ?? {}) as Record<string, PartRule>);
    const wholeAsText = place.family === 'text' ? materials.mask({ mask: 'text' }, place) : undefined;
    return (bytes, start, end, out) => {
      const document = bytes.toString('utf8', start, end);
      if (wholeAsText && !isJson(document)) return wholeAsText(bytes, start, end, out);
      maskDocument(document, root, otherwise, keyOf, out);
    };
  },
};

/** Gives the JSON text that replaces a leaf's JSON text. */
type LeafMask = (leaf: string) => string;

interface RuleNode {
  children: Map<string, RuleNode>;
  leaf?: LeafMask;
}

const keepLeaf: LeafMask = (leaf) => leaf;

function ruleTree(materials: Materials, fields: Record<string, PartRule>): RuleNode {
  const root: RuleNode = { children: new Map() };
  for (const [path, field] of Object.entries(fields)) {
    let node = root;
    for (const key of path.split('.')) {
      const child = node.children.get(key) ?? { children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    node.leaf = leafRule(materials, field);
  }
  return root;
}

function leafRule(materials: Materials, rule: PartRule): LeafMask {
  return isKept(rule) ? keepLeaf : leafMask(materials, maskRuleOf(rule));
}

const asText = { place: { family: 'text', type: 'text', unique: false } as Place, isArray: false };

const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

const booleanPlace: Place = { family: 'boolean', type: 'boolean', unique: false };

/** Numbers are masked as numbers by rules that are for numbers; by any other, as the text they are written in. */
function leafPlace(part: PartRule): Place {
  const rule: MaskRule = isKept(part) ? { mask: 'text' } : maskRuleOf(part);
  const isNumber = rule.mask === 'number' || rule.bucket !== undefined;
  return { family: isNumber ? 'decimal' : 'text', type: isNumber ? 'numeric' : 'text', unique: false };
}

function leafMask(materials: Materials, rule: MaskRule): LeafMask {
  if (rule.mask === 'null') return () => 'null';
  if (rule.mask === 'constant') return () => JSON.stringify(rule.value);
  const apply = ofStrings(materials.mask(rule, leafPlace(rule)));
  return (leaf) => {
    if (leaf.startsWith('"')) {
      const value = JSON.parse(leaf) as string;
      return value === '' ? leaf : JSON.stringify(apply(value));
    }
    // Of two values each would be told by how often it occurs, whatever stood for it.
    if (!jsonNumber.test(leaf)) return 'null';
    const masked = apply(leaf);
    return jsonNumber.test(masked) ? masked : JSON.stringify(masked);
  };
}

/** A JSON token that is no string, or a run of white space. */
const others = /[{}[\],:]|[^\s{}[\],:"]+|\s+/y;

/** The token or white space that begins at `start`: what a valid document is made of. */
function tokenAt(document: string, start: number): string {
  if (document[start] === '"') {
    const end = endOfQuoted(document, start);
    if (end < 0) throw new Unmaskable('a document ends within a string');
    return document.slice(start, end);
  }
  others.lastIndex = start;
  return others.exec(document)![0];
}

/** As far as each path that matches has come, the one that counts most first. */
type RuleNodes = readonly RuleNode[];

const nowhere: RuleNodes = [];

function beneath(nodes: RuleNodes, key: string): RuleNodes {
  if (nodes.length === 0) return nowhere;
  const next: RuleNode[] = [];
  for (const { children } of nodes) {
    const named = children.get(key);
    if (named) next.push(named);
    const any = key === '*' ? undefined : children.get('*');
    if (any) next.push(any);
  }
  return next;
}

function leafAt(nodes: RuleNodes): LeafMask | undefined {
  for (const { leaf } of nodes) if (leaf) return leaf;
  return undefined;
}

interface Level {
  isObject: boolean;
  nodes: RuleNodes;
  /** What applies to leaves beneath that have no rule of their own. */
  inherited: LeafMask;
  inner: RuleNodes;
  atKey: boolean;
}

function maskDocument(
  document: string,
  root: RuleNode,
  otherwise: LeafMask,
  keyOf: PartMask | undefined,
  out: Sink,
): void {
  const levels: Level[] = [];
  let result = '';
  for (let at = 0; at < document.length; ) {
    const token = tokenAt(document, at);
    at += token.length;
    result = appendWhenLong(out, result);
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      const nodes = level ? level.inner : [root];
      const isObject = token === '{';
      levels.push({
        isObject,
        nodes,
        inherited: leafAt(nodes) ?? level?.inherited ?? otherwise,
        inner: isObject ? nowhere : nodes,
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
      level.inner = beneath(level.nodes, key);
      level.atKey = false;
      const stays = !keyOf || level.inherited === keepLeaf || level.nodes.some(({ children }) => children.has(key));
      result += stays ? token : JSON.stringify(keyOf(key) ?? '');
    } else {
      const leaf = level ? (leafAt(level.inner) ?? level.inherited) : otherwise;
      result += leaf(token);
    }
  }
  appendString(out, result);
}

function isJson(document: string): boolean {
  try {
    JSON.parse(document);
    return true;
  } catch {
    return false;
  }
}
