import { fieldsOf, type Rule, techniqueOfOthers } from './units.ts';

interface Node {
  children: Map<string, Node>;
  technique?: string;
}

const kept = 'keep';

/**
 * Walks through a document and what masking made of it, leaf by leaf: `contact.email` names a path, arrays are walked
 * through, `*` is any key, and a rule holds beneath its path. Numbers without a rule stay what they are.
 */
export function createDocumentReader(
  rule: Rule,
): (
  original: string,
  masked: string,
  onLeaf: (technique: string, original: string, masked: string) => void,
) => boolean {
  const root: Node = { children: new Map() };
  for (const [path, field] of Object.entries(fieldsOf(rule))) {
    let node = root;
    for (const key of path.split('.')) {
      const child = node.children.get(key) ?? { children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    node.technique = typeof field === 'string' ? field : 'keep' in field ? kept : field.mask;
  }
  return (original, masked, onLeaf) => {
    const walk = (before: unknown, after: unknown, node: Node | undefined, inherited: string): void => {
      const technique = node?.technique ?? inherited;
      if (Array.isArray(before)) {
        const others = Array.isArray(after) ? after : [];
        for (const [index, element] of before.entries()) walk(element, others[index], node, technique);
      } else if (typeof before === 'object' && before !== null) {
        for (const [key, member] of Object.entries(before)) {
          const other = Object(after)[key] as unknown;
          walk(member, other, node?.children.get(key) ?? node?.children.get('*'), technique);
        }
      } else if (typeof before === 'string' || (typeof before === 'number' && technique !== techniqueOfOthers)) {
        if (technique !== kept) onLeaf(technique, String(before), typeof after === 'object' ? '' : String(after));
      }
    };
    const [before, after] = [parsed(original), parsed(masked)];
    if (before === undefined || after === undefined) return false;
    walk(before, after, root, techniqueOfOthers);
    return true;
  };
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document) as unknown;
  } catch {
    return undefined;
  }
}
