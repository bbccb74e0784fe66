import type { Detector } from './detect/detector.ts';
import { withinText } from './detect/index.ts';
import { createCollector, type EvidenceCollector } from './evidence.ts';
import { isWholeHint, wordsOf } from './names-of-columns.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What was seen at one path of a column's documents. */
export interface LeafEvidence {
  /** As the mask `json` writes it: `contact.email`; `*` stands for keys that are data themselves. */
  path: string;
  /** The last key on it that has a name; empty at the top. */
  key: string;
  strings: EvidenceCollector;
  numbers: EvidenceCollector;
}

export interface DocumentsEvidence {
  documents: number;
  leaves: LeafEvidence[];
  /** Keys that are somebody's, such as addresses in place of names: no mask of values reaches them. */
  personalKeys: Map<Detector, number>;
}

interface Node {
  seenIn: number;
  /** An object in a list is seen often in one document. */
  documents: number;
  lastDocument: number;
  children: Map<string, Node>;
  strings: EvidenceCollector | undefined;
  numbers: EvidenceCollector | undefined;
}

const deepest = 12;
/** An object with more keys than this is a table of its own: its keys are data. */
const mostKeys = 60;
/** A key that names a field is in so many of the objects and documents; among keys that are data, it stands out by more. */
const common = 0.05;
const commonInTable = 0.3;
const anyKey = '*';

/** Collects documents, then says what is at each path. */
export function createDocuments(vocabulary: Vocabulary) {
  const root = createNode();
  let documents = 0;

  const walk = (value: unknown, node: Node, depth: number) => {
    if (value === null || typeof value === 'boolean' || depth > deepest) return;
    if (Array.isArray(value)) {
      for (const item of value) walk(item, node, depth + 1);
    } else if (typeof value === 'object') {
      for (const [key, member] of Object.entries(value)) {
        const child = childOf(node, key);
        child.seenIn++;
        if (child.lastDocument !== documents) child.documents++;
        child.lastDocument = documents;
        walk(member, child, depth + 1);
      }
    } else if (typeof value === 'string') {
      node.strings ??= createCollector(vocabulary);
      node.strings.add(value);
    } else {
      node.numbers ??= createCollector(vocabulary);
      node.numbers.add(String(value));
    }
  };

  return {
    /** @returns whether it could be read. */
    add(document: string): boolean {
      try {
        walk(JSON.parse(document), root, 0);
        documents++;
        return true;
      } catch {
        return false;
      }
    },
    evidence(): DocumentsEvidence {
      const leaves: LeafEvidence[] = [];
      const personalKeys = new Map<Detector, number>();
      leavesOf(root, [], documents, vocabulary, leaves, personalKeys);
      return { documents, leaves, personalKeys };
    },
  };
}

/** Beyond what shows that the keys are data, the rest is looked at as one. */
function childOf(node: Node, name: string): Node {
  const key = node.children.size > mostKeys * 2 && !node.children.has(name) ? anyKey : name;
  const child = node.children.get(key) ?? createNode();
  node.children.set(key, child);
  return child;
}

function createNode(): Node {
  return { seenIn: 0, documents: 0, lastDocument: -1, children: new Map(), strings: undefined, numbers: undefined };
}

function leavesOf(
  node: Node,
  path: string[],
  documents: number,
  vocabulary: Vocabulary,
  leaves: LeafEvidence[],
  personalKeys: Map<Detector, number>,
): void {
  if (node.strings || node.numbers) {
    leaves.push({
      path: path.join('.'),
      key: path.findLast((key) => key !== anyKey) ?? '',
      strings: node.strings ?? createCollector(vocabulary),
      numbers: node.numbers ?? createCollector(vocabulary),
    });
  }
  const seenIn = path.length === 0 ? documents : node.seenIn;
  const isTable = holdsData(node, seenIn);
  for (const [key, child] of node.children) {
    const personal = withinText.find((detector) => detector.matches(key));
    if (personal) personalKeys.set(personal, (personalKeys.get(personal) ?? 0) + 1);
    const share = child.seenIn / seenIn;
    const isCommon = share >= (isTable ? commonInTable : common);
    const isOften = child.documents >= 2 && child.documents >= documents * common;
    const shown = isCommon && isName(key, isOften, vocabulary) ? key : anyKey;
    leavesOf(child, [...path, shown], documents, vocabulary, leaves, personalKeys);
  }
}

/** Whether the keys of an object are data: very many, or hardly any of them in two documents. */
function holdsData({ children }: Node, seenIn: number): boolean {
  if (children.size > mostKeys) return true;
  if (children.size < 10) return false;
  const sum = [...children.values()].reduce((total, child) => total + child.seenIn, 0);
  return sum < seenIn * children.size * 0.15;
}

/**
 * Whether a key is the name of a field and no value: only then may it be shown. Words that say what a field holds are
 * nobody's, however few documents have them; others are in many documents, and none of them is a person's name.
 */
function isName(key: string, isOften: boolean, { namesInKeys }: Vocabulary): boolean {
  if (!/^[A-Za-z_$][\w$-]{0,47}$/.test(key) || /\d{2}/.test(key)) return false;
  if (isWholeHint(key)) return true;
  // `name` is a first name in some language.
  const words = wordsOf(key).split('_');
  return isOften && words.every((word) => word === 'name' || !namesInKeys.has(word));
}
