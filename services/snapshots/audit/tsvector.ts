/**
 * The words of a tsvector (`'ann':2A 'o''brien':1`) in the order of their positions, as they stood in the text that it
 * was made of; those without positions in their own order.
 */
export function lexemes(literal: string): string {
  const placed: { word: string; position: number }[] = [];
  for (const [, quoted, positions] of literal.matchAll(/'((?:[^']|'')*)'(?::([\dA-D,]+))?/gs)) {
    const word = quoted!.replaceAll("''", "'").replaceAll('\\\\', '\\');
    for (const position of positions?.split(',') ?? ['0'])
      placed.push({ word, position: Number.parseInt(position, 10) });
  }
  return placed
    .sort((a, b) => a.position - b.position)
    .map(({ word }) => word)
    .join(' ');
}
