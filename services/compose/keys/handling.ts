import type { Tree } from '../tree.ts';

/**
 * How a key ends: honoured (acts as written, though a value of it may still be refused), replaced (something else
 * happens, and it is reported) or refused. For the latter two a function may say of a value that there is nothing to
 * say, because it is what happens anyway (`attach: true`).
 */
export type Handling =
  | { is: 'honoured' }
  | { is: 'replaced'; by: string | ((value: Tree) => string | undefined) }
  | { is: 'refused'; because: string | ((value: Tree) => string | undefined); remedy?: string };

export type KeyTable = Record<string, Handling>;

export const honoured: Handling = { is: 'honoured' };

export function replaced(by: string | ((value: Tree) => string | undefined)): Handling {
  return { is: 'replaced', by };
}

export function refused(because: string | ((value: Tree) => string | undefined), remedy?: string): Handling {
  return { is: 'refused', because, ...(remedy ? { remedy } : {}) };
}

/** Says `text` unless the value is switched off: false, empty, or `"false"`. */
export function when(text: string): (value: Tree) => string | undefined {
  return (value) => (value === null || value === false || value === 'false' || value === '' ? undefined : text);
}
