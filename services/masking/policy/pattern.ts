/** Says whether a whole name is what a pattern describes; upper and lower case are the same. */
export type NamePattern = (name: string) => boolean;

type Test = (character: string) => boolean;
type Node =
  | { one: Test }
  | { sequence: Node[] }
  | { choice: Node[] }
  | { repeated: Node; least: number; most: number | undefined };
/** Reads a character that passes `test`, or none where there is no test, and goes on to each of `next`. */
interface State {
  test?: Test;
  next: number[];
}

export const longestPattern = 200;
/** A name has 63 bytes at most, so counting further is of no use. */
const mostRepeats = 63;
const mostSteps = 500;
const mostRemembered = 1000;

/**
 * A regular expression for the names of columns: characters, `.`, `[a-z]`, `[^…]`, `\d \w \s`, `( )`, `|`, `? * +` and
 * `{m,n}`; it has to match the whole name. What needs backtracking (references, look-around) is not in the language:
 * all places of the pattern are followed at once (Thompson, 1968), so that the time is that of the pattern's length times
 * the name's, whatever they are.
 *
 * @throws SyntaxError that says what is wrong and where.
 */
export function compilePattern(source: string): NamePattern {
  const states: State[] = [{ next: [] }];
  let steps = 0;
  const add = (state: State) => states.push(state) - 1;
  /** Builds what matches `node` and then goes on to state `next`; returns where it begins. */
  const build = (node: Node, next: number): number => {
    if (++steps > mostSteps) throw new SyntaxError(`repeats too much: it comes to more than ${mostSteps} steps`);
    if ('one' in node) return add({ test: node.one, next: [next] });
    if ('sequence' in node) return node.sequence.reduceRight((then, part) => build(part, then), next);
    if ('choice' in node) return add({ next: node.choice.map((part) => build(part, next)) });
    let entry = next;
    if (node.most === undefined) {
      entry = add({ next: [] });
      states[entry]!.next = [build(node.repeated, entry), next];
    }
    for (let count = node.least; count < (node.most ?? 0); count++) {
      entry = add({ next: [build(node.repeated, entry), next] });
    }
    for (let count = 0; count < node.least; count++) entry = build(node.repeated, entry);
    return entry;
  };
  const start = build(parse(source), 0);

  const enter = (reached: Set<number>, state: number) => {
    if (reached.has(state)) return;
    reached.add(state);
    const { test, next } = states[state]!;
    if (!test) for (const one of next) enter(reached, one);
  };
  const after = (places: Places, character: string): Places => {
    const reached = new Set<number>();
    for (const state of places.reached) {
      const { test, next } = states[state]!;
      if (test?.(character)) enter(reached, next[0]!);
    }
    return remembered(reached);
  };
  /** Names of columns have much in common: where they lead is remembered, as long as that is little. */
  const known = new Map<string, Places>();
  const remembered = (reached: Set<number>): Places => {
    const id = [...reached].sort().join();
    const found = known.get(id) ?? { reached, after: new Map() };
    if (known.size < mostRemembered) known.set(id, found);
    return found;
  };

  const entered = new Set<number>();
  enter(entered, start);
  const first = remembered(entered);
  return (name) => {
    let places = first;
    for (const character of name.toLowerCase()) {
      if (places.reached.size === 0) return false;
      const next = places.after.get(character) ?? after(places, character);
      if (known.size < mostRemembered) places.after.set(character, next);
      places = next;
    }
    return places.reached.has(0);
  };
}

/** The places of a pattern that a name's beginning leads to, and where a further character leads from there. */
interface Places {
  reached: Set<number>;
  after: Map<string, Places>;
}

function parse(source: string): Node {
  const text = [...source];
  let at = 0;
  const fail = (what: string): never => {
    throw new SyntaxError(`${what}, at its character ${at + 1}`);
  };
  const take = (character: string) => text[at] === character && ++at > 0;

  const choice = (): Node => {
    const parts = [sequence()];
    while (take('|')) parts.push(sequence());
    return parts.length === 1 ? parts[0]! : { choice: parts };
  };
  const sequence = (): Node => {
    const parts: Node[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') parts.push(repeated(atom()));
    return { sequence: parts };
  };
  const repeated = (node: Node): Node => {
    if (take('?')) return { repeated: node, least: 0, most: 1 };
    if (take('*')) return { repeated: node, least: 0, most: undefined };
    if (take('+')) return { repeated: node, least: 1, most: undefined };
    if (text[at] !== '{') return node;
    const [all, from, comma, to] = /^\{(\d{1,3})(,(\d{1,3})?)?\}/.exec(text.slice(at, at + 10).join('')) ?? [];
    if (all === undefined) return fail('`{` needs one or two numbers, as in {2,4}');
    const least = Number(from);
    const most = comma === undefined ? least : to === undefined ? undefined : Number(to);
    if (least > mostRepeats || (most !== undefined && (most > mostRepeats || most < least)))
      return fail(`{${from}${comma ?? ''}} counts backwards, or further than ${mostRepeats}`);
    at += all.length;
    return { repeated: node, least, most };
  };
  const atom = (): Node => {
    if (take('(')) {
      if (take('?') && !take(':')) return fail('`(?` is understood as (?:…) only');
      const node = choice();
      if (!take(')')) return fail('a `(` is not closed');
      return node;
    }
    const character = text[at++]!;
    if (character === '.') return { one: () => true };
    if (character === '[') return { one: characterClass() };
    if (character === '\\') return { one: escaped() };
    at--;
    if (character === '^' || character === '$')
      return fail(`\`${character}\` is not needed: the whole name has to match`);
    if ('*+?{'.includes(character)) return fail(`\`${character}\` has nothing to repeat`);
    at++;
    return { one: between(character, character) };
  };
  const escaped = (): Test => {
    const character = text[at++] ?? fail('it ends within an escape');
    const named = classes[character.toLowerCase()];
    if (named) return character === character.toLowerCase() ? named : (other) => !named(other);
    if (/[\p{L}\p{N}]/u.test(character)) return fail(`\`\\${character}\` is not understood`);
    return between(character, character);
  };
  const characterClass = (): Test => {
    const negated = take('^');
    const tests: Test[] = [];
    while (!take(']')) {
      if (at >= text.length) return fail('a `[` is not closed');
      const from = text[at++]!;
      if (from === '\\') {
        tests.push(escaped());
        continue;
      }
      const isRange = text[at] === '-' && text[at + 1] !== undefined && text[at + 1] !== ']';
      const to = isRange ? text[at + 1]! : from;
      if (isRange) at += 2;
      if (to < from) return fail(`${from}-${to} is no range`);
      tests.push(between(from, to));
    }
    return (character) => tests.some((test) => test(character)) !== negated;
  };

  const node = choice();
  if (at < text.length) return fail('a `)` has no `(`');
  return node;
}

const classes: Record<string, Test> = {
  d: (character) => /\d/.test(character),
  w: (character) => /\w/.test(character),
  s: (character) => /\s/.test(character),
};

/** Characters of names come in lower case. */
function between(from: string, to: string): Test {
  return (character) => {
    const upper = character.toUpperCase();
    return (character >= from && character <= to) || (upper >= from && upper <= to);
  };
}
