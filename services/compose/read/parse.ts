import { isAlias, isScalar, isSeq, isMap as isYamlMap, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { type Findings, refuse } from '../findings.ts';
import { limits } from '../limits.ts';
import type { Tree, TreeMap } from '../tree.ts';
import { resolvePlain } from './scalar.ts';

/** One YAML document of a Compose file. */
export interface Layer {
  tree: TreeMap;
  /** Where `!reset` or `!override` stood: what the documents before it say there is forgotten. */
  resets: string[][];
}

/**
 * Reads a Compose file. A file may hold several documents; later ones override earlier ones, as in Compose.
 * Values are resolved as go-yaml does (see scalar.ts); `<<` merges; aliases are followed and counted.
 * Mistakes (syntax, duplicate or non-text keys, unknown tags) are added to the findings with file:line:column.
 */
export function parseCompose(file: string, text: string, findings: Findings): Layer[] {
  const lines = new LineCounter();
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${line}:${col}`;
  };
  // Only the structure is left to the package: its schemas resolve values as YAML 1.2 does, and its check for
  // duplicate keys compares each with each.
  const options = {
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'silent',
  };
  const layers: Layer[] = [];
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text.replace(/^\uFEFF/, ''), options as never);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse([{ where: file, what: 'is nested too deeply' }]);
  }
  for (const document of documents) {
    for (const error of document.errors) {
      const tooDeep = error.message.includes('call stack');
      findings.mistake(at(error.pos[0]), tooDeep ? 'is nested too deeply' : `YAML: ${error.message}`);
    }
    if (document.errors.length > 0) continue;
    const walk = createWalk(document, at, findings);
    const tree = walk.value(document.contents as Node | null, [], 0);
    if (tree === null || tree === undefined) continue;
    if (typeof tree !== 'object' || Array.isArray(tree)) findings.mistake(file, 'must be a map of top-level keys');
    else layers.push({ tree, resets: walk.resets });
  }
  return layers;
}

type Document = { anchors?: unknown; contents: unknown };

/** Turns nodes into values. `undefined` is a value that a `!reset` took away. */
function createWalk(document: Document, at: (offset: number | undefined) => string, findings: Findings) {
  const resets: string[][] = [];
  const anchors = collectAnchors(document.contents as Node | null);
  const open = new Set<Node>();
  let nodes = 0;

  function value(node: Node | null, path: string[], depth: number): Tree | undefined {
    const place = at(node?.range?.[0]);
    nodes += 1;
    if (nodes > limits.nodes) refuse([{ where: place, what: `aliases and values come to more than ${limits.nodes}` }]);
    if (depth > limits.depth) refuse([{ where: place, what: `is nested more than ${limits.depth} deep` }]);
    if (node === null) return null;
    if (isAlias(node)) {
      const target = anchors.find(node.source, node.range?.[0] ?? 0);
      if (!target) findings.mistake(place, `the alias *${node.source} has no anchor &${node.source} before it`);
      else if (open.has(target)) findings.mistake(place, `the alias *${node.source} contains itself`);
      else return value(target, path, depth + 1);
      return null;
    }
    const tag = node.tag;
    if (tag === '!reset') {
      resets.push(path);
      return undefined;
    }
    if (tag === '!override') resets.push(path);
    else if (tag && !/^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq|merge))$/.test(tag))
      findings.mistake(place, `the YAML tag ${tag.slice(0, 60)} has no meaning in a Compose file`);
    if (isScalar(node)) {
      const text = String(node.value ?? '');
      return node.type !== 'PLAIN' || tag === 'tag:yaml.org,2002:str' || tag === '!' ? text : resolvePlain(text);
    }
    open.add(node);
    try {
      if (isSeq(node))
        return node.items
          .map((item, index) => value(item as Node, [...path, String(index)], depth + 1))
          .filter((item) => item !== undefined);
      if (isYamlMap(node)) return map(node, path, depth);
    } finally {
      open.delete(node);
    }
    return null;
  }

  function map(node: { items: { key: unknown; value: unknown }[] }, path: string[], depth: number): TreeMap {
    const own = new Map<string, Tree>();
    const merged = new Map<string, Tree>();
    const seen = new Map<string, string>();
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const place = at(keyNode?.range?.[0]);
      const key = isScalar(keyNode) ? String(keyNode.value ?? '') : '';
      const plain = isScalar(keyNode) && keyNode.type === 'PLAIN';
      if (!isScalar(keyNode) || (plain && typeof resolvePlain(key) !== 'string')) {
        findings.mistake(place, `a key must be text: put it in quotes`);
        continue;
      }
      const first = seen.get(key);
      if (first) findings.mistake(place, `the key ${key.slice(0, 60)} is already at ${first}`);
      else if (key === '__proto__') findings.mistake(place, 'the key __proto__ is not accepted');
      seen.set(key, place);
      if (key === '<<' && plain) {
        for (const [name, inherited] of mergeSources(pair.value as Node | null, path, depth, place))
          if (!merged.has(name)) merged.set(name, inherited);
        continue;
      }
      const found = value(pair.value as Node | null, [...path, key], depth + 1);
      if (found === undefined) continue;
      own.set(key, found);
      findings.place([...path, key].join('.'), place);
    }
    return Object.fromEntries([...[...merged].filter(([key]) => !own.has(key)), ...own]);
  }

  /** What `<<` brings in: a map, or a list of maps of which the first wins. */
  function mergeSources(node: Node | null, path: string[], depth: number, place: string): [string, Tree][] {
    const found = value(node, path, depth + 1);
    const sources = Array.isArray(found) ? found : [found];
    const entries: [string, Tree][] = [];
    for (const source of sources) {
      if (typeof source === 'object' && source !== null && !Array.isArray(source))
        entries.push(...Object.entries(source));
      else findings.mistake(place, '<< can only merge a map or a list of maps');
    }
    return entries;
  }

  return { value, resets };
}

/** Every anchor with its node, in the order of the document: an alias means the last one before it. */
function collectAnchors(root: Node | null) {
  const byName = new Map<string, { offset: number; node: Node }[]>();
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const node = stack.pop() as (Node & { anchor?: string; items?: unknown[]; key?: unknown; value?: unknown }) | null;
    if (typeof node !== 'object' || node === null) continue;
    if (node.anchor && !isAlias(node)) {
      const list = byName.get(node.anchor) ?? [];
      list.push({ offset: node.range?.[0] ?? 0, node });
      byName.set(node.anchor, list);
    }
    if (Array.isArray(node.items)) stack.push(...node.items);
    else if ('key' in node) stack.push(node.key, node.value);
  }
  for (const list of byName.values()) list.sort((a, b) => a.offset - b.offset);
  return {
    find(name: string, before: number): Node | undefined {
      const list = byName.get(name) ?? [];
      let [low, high] = [0, list.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((list[middle]?.offset ?? 0) < before) low = middle + 1;
        else high = middle;
      }
      return list[low - 1]?.node;
    },
  };
}
