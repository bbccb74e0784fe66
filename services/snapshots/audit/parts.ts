import { arrayElements, hstorePairs, rowFields } from './copy-fields.ts';
import { type FieldRule, fieldsOf, type MaskRule, techniqueOfKeys, techniqueOfOthers } from './rules.ts';

/**
 * Takes values apart that hold others, beside what masking made of them: arrays by element, documents by leaf, hstore by
 * key, composite values by field. `*` is any key, arrays in documents are walked through, and a rule holds beneath its path,
 * up to where that of a longer one begins; of equally long paths the one counts that names a key earlier on.
 */
export type ReadParts = (original: string, masked: string, onPart: OnPart) => void;
export type OnPart = (technique: string, original: string, masked: string) => void;

/** What of a planned column's place matters here. */
export interface Value {
  isArray: boolean;
  place: { fields?: readonly (Value & { name: string })[] };
}

export function createPartsReader(rule: MaskRule, { isArray, place }: Value): ReadParts {
  const one = oneReader(rule, place);
  if (!isArray) return one;
  return (original, masked, onPart) => {
    const others = arrayElements(masked);
    for (const [index, element] of arrayElements(original).entries()) {
      if (element !== null) one(element, others[index] ?? '', onPart);
    }
  };
}

const text: Value = { isArray: false, place: {} };
const kept: ReadParts = () => {};

function fieldReader(field: FieldRule, value = text): ReadParts {
  if (typeof field === 'string') return createPartsReader({ mask: field }, value);
  return 'keep' in field ? kept : createPartsReader(field, value);
}

function oneReader(rule: MaskRule, place: Value['place']): ReadParts {
  if (rule.mask === 'json') return documentReader(rule);
  if (rule.mask === 'hstore') return hstoreReader(rule);
  if (rule.mask === 'composite') return rowReader(rule, place);
  return (original, masked, onPart) => {
    if (original !== '') onPart(rule.mask, original, masked);
  };
}

function hstoreReader(rule: MaskRule): ReadParts {
  const readers = new Map(Object.entries(fieldsOf(rule)).map(([key, field]) => [key, fieldReader(field)]));
  const otherwise = fieldReader(techniqueOfOthers);
  const ofKeys = fieldReader(techniqueOfKeys);
  return (original, masked, onPart) => {
    const others = hstorePairs(masked);
    for (const [index, [key, value]] of hstorePairs(original).entries()) {
      const own = readers.get(key) ?? readers.get('*');
      if (!own) ofKeys(key, others[index]?.[0] ?? '', onPart);
      // Masked keys come in another order; then a value is nobody's equal.
      const other = (own ? others.find(([name]) => name === key) : others[index])?.[1] ?? '';
      if (value !== null) (own ?? otherwise)(value, other, onPart);
    }
  };
}

function rowReader(rule: MaskRule, { fields = [] }: Value['place']): ReadParts {
  const rules = fieldsOf(rule);
  const readers = fields.map((field) => fieldReader(rules[field.name] ?? rule.mask, field));
  return (original, masked, onPart) => {
    const others = rowFields(masked);
    for (const [index, field] of rowFields(original).entries()) {
      if (field !== null) readers[index]?.(field, others[index] ?? '', onPart);
    }
  };
}

interface Node {
  children: Map<string, Node>;
  reader?: ReadParts;
}

/** What rules go on with a key, by its name or by `*`; the more exact stay ahead. */
function nodesAt(key: string, nodes: Node[]): Node[] {
  const reached: Node[] = [];
  for (const { children } of nodes) {
    const [exact, any] = [children.get(key), children.get('*')];
    if (exact) reached.push(exact);
    if (any && any !== exact) reached.push(any);
  }
  return reached;
}

/** Numbers and booleans stay what they are where no path and no rule for all of them says otherwise. */
function documentReader(rule: MaskRule): ReadParts {
  const root: Node = { children: new Map() };
  for (const [path, field] of Object.entries(fieldsOf(rule))) {
    let node = root;
    for (const key of path.split('.')) {
      const child = node.children.get(key) ?? { children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    node.reader = fieldReader(field);
  }
  const others: Record<string, ReadParts> = {
    string: fieldReader(techniqueOfOthers),
    number: rule.numbers === undefined ? kept : fieldReader(rule.numbers as FieldRule),
    boolean: rule.booleans === undefined ? kept : fieldReader(rule.booleans as FieldRule),
  };
  const keys = rule.keys === undefined ? undefined : fieldReader(rule.keys as FieldRule);

  return (original, masked, onPart) => {
    const walk = (before: unknown, after: unknown, nodes: Node[], inherited?: ReadParts): void => {
      const holding = nodes.find(({ reader }) => reader)?.reader ?? inherited;
      if (Array.isArray(before)) {
        const elements = Array.isArray(after) ? after : [];
        for (const [index, element] of before.entries()) walk(element, elements[index], nodes, holding);
      } else if (typeof before === 'object' && before !== null) {
        const members = Object.entries(Object(after));
        for (const [index, [key, member]] of Object.entries(before).entries()) {
          const isNamed = holding === kept || nodes.some(({ children }) => children.has(key));
          if (keys && !isNamed) keys(key, members[index]?.[0] ?? '', onPart);
          const other = keys && !isNamed ? members[index]?.[1] : Object(after)[key];
          walk(member, other, nodesAt(key, nodes), holding);
        }
      } else if (before !== null) {
        const reader = holding ?? others[typeof before]!;
        reader(String(before), typeof after === 'object' ? '' : String(after), onPart);
      }
    };
    const [before, after] = [parsed(original), parsed(masked)];
    if (before === undefined || after === undefined) onPart(rule.mask, original, masked);
    else walk(before, after, [root]);
  };
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document) as unknown;
  } catch {
    return undefined;
  }
}
