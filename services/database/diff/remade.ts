import type { Schema } from '../schema.ts';
import { alter } from './alter.ts';
import { needsOf } from './order.ts';

/** What cannot stay while something that it needs is changed. Keys are `kind name`. */
export interface Remade {
  /** Dropped, and made again where it is there afterwards. */
  dropped: Set<string>;
  /** Columns whose default is taken away for a while. */
  undefaulted: Set<string>;
  /** Enums that lose a value: a new type takes the place, and its columns are given it. */
  replaced: Set<string>;
}

/** Postgres makes these anew by itself when a column's type changes. */
const followColumn = ['constraint', 'index', 'statistics', 'sequence'];

/** Everything that goes, and whatever rests on it: Postgres changes no column that a view shows. */
export function remade(before: Schema, after: Schema): Remade {
  const found: Remade = { dropped: new Set(), undefaulted: new Set(), replaced: new Set() };
  const queue: { key: string; retyped?: boolean }[] = [];
  const go = (key: string) => {
    if (found.dropped.has(key)) return;
    found.dropped.add(key);
    queue.push({ key });
  };
  for (const [key, was] of before) {
    const is = after.get(key);
    if (!is) go(key);
    else if (was.definition !== is.definition) {
      const retyped =
        was.kind === 'column' && (was.parts.type !== is.parts.type || was.parts.collation !== is.parts.collation);
      if (alter(was, is)) {
        if (retyped) queue.push({ key, retyped });
      } else if (was.parts.labels && is.parts.labels) {
        found.replaced.add(key);
        queue.push({ key });
      } else go(key);
    }
  }
  const dependents = new Map<string, string[]>();
  for (const [key, object] of before)
    for (const need of needsOf(before, object)) dependents.set(need, [...(dependents.get(need) ?? []), key]);
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const key of dependents.get(next.key) ?? []) {
      const { kind, parts } = before.get(key)!;
      if (next.retyped && followColumn.includes(kind)) continue;
      if (kind === 'column' && after.has(key) && !next.key.startsWith('table ')) {
        if (parts.generated) go(key);
        else if (parts.default) found.undefaulted.add(key);
        if (found.replaced.has(next.key)) queue.push({ key });
      } else if (kind !== 'table' && kind !== 'sequence') go(key);
    }
  }
  return found;
}
