import type { Findings } from '../findings.ts';
import { isMap, type Tree, type TreeMap } from '../tree.ts';
import { keyTables, named } from './tables.ts';

/**
 * Goes through every key of an object by its kind's table: what is replaced is reported, what is refused, or in no
 * table, is a mistake. Extension fields (`x-…`) are not keys. Nothing is left out in silence.
 */
export function siftKeys(kind: string, object: TreeMap, where: string, findings: Findings): void {
  const table = keyTables[kind] ?? {};
  for (const [key, value] of Object.entries(object)) {
    if (key.startsWith('x-')) continue;
    const at = where === '' ? key : `${where}.${key}`;
    const handling = Object.hasOwn(table, key) ? table[key] : undefined;
    if (!handling) findings.mistake(at, 'is not supported');
    else if (handling.is === 'replaced') {
      const by = typeof handling.by === 'string' ? handling.by : handling.by(value);
      if (by !== undefined) findings.replace(at, by);
    } else if (handling.is === 'refused') {
      const because = typeof handling.because === 'string' ? handling.because : handling.because(value);
      if (because !== undefined) findings.mistake(at, because, handling.remedy);
    } else descend(`${kind}.${key}`, value, at, findings);
  }
}

function descend(kind: string, value: Tree, where: string, findings: Findings): void {
  if (!Object.hasOwn(keyTables, kind)) return;
  if (Array.isArray(value))
    for (const [index, entry] of value.entries()) {
      if (isMap(entry)) siftKeys(kind, entry, `${where}[${index}]`, findings);
    }
  else if (isMap(value) && named.has(kind))
    for (const [name, entry] of Object.entries(value)) {
      if (isMap(entry)) siftKeys(kind, entry, `${where}.${name}`, findings);
    }
  else if (isMap(value)) siftKeys(kind, value, where, findings);
}
