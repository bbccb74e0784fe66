/** A YAML document as plain values; what every stage of the loader hands to the next. */
export type Tree = null | boolean | number | string | Tree[] | TreeMap;
export interface TreeMap {
  [key: string]: Tree;
}

export function isMap(value: Tree | undefined): value is TreeMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map under a key, or an empty one. */
export function mapAt(map: TreeMap, key: string): TreeMap {
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  return isMap(value) ? value : {};
}

/** The list under a key, or an empty one. */
export function listAt(map: TreeMap, key: string): Tree[] {
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  return Array.isArray(value) ? value : [];
}

/** `a string`, `a list`…: what a value is, for a message. Never the value itself: it may be a secret. */
export function kindOf(value: Tree | undefined): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'boolean' ? 'a boolean' : `a ${typeof value}`;
}

/** A value as the text that an environment variable, a label or a sysctl holds. */
export function textOf(value: Tree | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}
