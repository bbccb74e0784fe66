import { isMap, isNode, isScalar, isSeq, LineCounter, type Pair, parseDocument, type Scalar, visit } from 'yaml';
import { type Mistake, Problem } from '../../errors.ts';
import { type Policy, parsePolicy } from './policy.ts';

/** What aliases may come to, all together, against files that unfold without end. */
const mostAliases = 1000;

/** Reads a policy that is written as YAML. @throws Problem `policy-invalid` with every mistake and its line */
export function readPolicyYaml(text: string): Policy {
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  const refuse = (errors: Mistake[]): never => {
    throw new Problem('policy-invalid', 'The masking policy cannot be read as YAML', {
      where: errors[0]!.where,
      errors,
    });
  };
  const read = () => {
    // The package compares each key with each other one; many of them would take for ever.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
    });
    const mistakes = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
      where: `line ${lineAt(pos[0])}`,
      what: message,
    }));
    visit(document, {
      Map: (_, map) => {
        const seen = new Map<string, number>();
        for (const { key } of map.items as Pair<unknown, unknown>[]) mistakes.push(...keyMistakes(key, seen));
      },
    });
    if (mistakes.length > 0) return refuse(mistakes);
    return { document, policy: document.toJS({ maxAliasCount: mostAliases }) as unknown };
  };
  const keyMistakes = (key: unknown, seen: Map<string, number>): Mistake[] => {
    const line = lineAt(isNode(key) ? key.range?.[0] : undefined);
    const name = isScalar(key) ? (key as Scalar).value : undefined;
    if (typeof name !== 'string') return [{ where: `line ${line}`, what: 'a key must be text: put it in quotes' }];
    const first = seen.get(name);
    seen.set(name, line);
    return first === undefined ? [] : [{ where: `line ${line}`, what: `${name} is on line ${first} already` }];
  };
  try {
    const { document, policy } = read();
    let found: Map<string, number> | undefined;
    return parsePolicy(policy, (path) => {
      found ??= offsetsOf(document.contents);
      for (let length = path.length; length > 0; length--) {
        const offset = found.get(JSON.stringify(path.slice(0, length)));
        if (offset !== undefined) return lineAt(offset);
      }
      return undefined;
    });
  } catch (error) {
    // Of the package: aliases without anchor or end, and nesting that is too deep.
    if (error instanceof RangeError) return refuse([{ where: 'policy', what: 'is nested too deeply' }]);
    if (error instanceof ReferenceError) return refuse([{ where: 'policy', what: error.message }]);
    throw error;
  }
}

/** Where the value at each path begins; of an alias, where that stands. */
function offsetsOf(root: unknown): Map<string, number> {
  const offsets = new Map<string, number>();
  const walk = (node: unknown, path: string[]) => {
    if (!isNode(node)) return;
    offsets.set(JSON.stringify(path), node.range?.[0] ?? 0);
    if (isMap(node))
      for (const { key, value } of node.items) walk(value, [...path, String(isScalar(key) ? key.value : key)]);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, String(index)]);
  };
  walk(root, []);
  return offsets;
}
