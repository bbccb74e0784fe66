import type { RowsChanged } from './observed.ts';
import { type LockMode, lockModes } from './sql.ts';

/** The session's locks on tables, and how much WAL there is by then. */
export interface Held {
  lsn: number;
  locks: { relation: number; mode: LockMode; name: string | null; kind: string | null }[];
}

/** Bytes of each table with its indexes, by `schema.table`. */
export type Sizes = Record<string, number>;

/** What the functions of sql/observe/ raise. A migration may raise what looks like it, so nothing of it is taken on trust. */
export type Told =
  | { what: 'begins'; lsn: number }
  | { what: 'locks'; held: Held }
  | { what: 'rewrite'; rewrite: { name: string; reason: number; sizeBytes: number } }
  | { what: 'booked'; held: Held; rows: RowsChanged[]; sizes?: Sizes };

export function toldBy(message: string): Told | undefined {
  const match = /^greenroom:(begins|locks|rewrite|booked) (.*)$/s.exec(message);
  if (!match) return undefined;
  const value = parseJson(match[2]!);
  switch (match[1]) {
    case 'begins':
      return typeof value === 'number' ? { what: 'begins', lsn: value } : undefined;
    case 'locks':
      return isHeld(value) ? { what: 'locks', held: value } : undefined;
    case 'rewrite':
      return isRewrite(value) ? { what: 'rewrite', rewrite: value } : undefined;
    default: {
      const { held, rows, sizes } = (value ?? {}) as { held?: unknown; rows?: unknown; sizes?: unknown };
      if (!isHeld(held) || !Array.isArray(rows) || !rows.every(isRows)) return undefined;
      return { what: 'booked', held, rows, ...(isSizes(sizes) ? { sizes } : {}) };
    }
  }
}

/** Whether something is an object with a number, or a string, under each of these names. */
function hasAll(value: unknown, type: 'number' | 'string', names: string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === type);
}

function isHeld(value: unknown): value is Held {
  if (!hasAll(value, 'number', ['lsn'])) return false;
  const { locks } = value as { locks?: unknown };
  return (
    Array.isArray(locks) && locks.every((lock) => hasAll(lock, 'number', ['relation']) && lockModes.includes(lock.mode))
  );
}

function isRewrite(value: unknown): value is { name: string; reason: number; sizeBytes: number } {
  return hasAll(value, 'string', ['name']) && hasAll(value, 'number', ['reason', 'sizeBytes']);
}

function isRows(value: unknown): value is RowsChanged {
  return hasAll(value, 'string', ['table']) && hasAll(value, 'number', ['inserted', 'updated', 'deleted']);
}

function isSizes(value: unknown): value is Sizes {
  return typeof value === 'object' && value !== null && Object.values(value).every((size) => typeof size === 'number');
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
