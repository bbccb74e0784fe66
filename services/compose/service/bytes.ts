import type { Findings } from '../findings.ts';
import type { Tree } from '../tree.ts';

const powers: Record<string, number> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of a size: a number, or `512m`, `1.5g`, `2 GiB`, `64kb`; every unit is a power of 1024. Undefined when it is
 * none. Source: Compose Specification, "Specifying byte values"; go-units `RAMInBytes`.
 */
export function parseBytes(value: number | string): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const match = /^(\d+\.?\d*|\.\d+) ?(b|([kmgtp])(b|ib)?)?$/i.exec(value);
  if (!match) return undefined;
  const bytes = Math.floor(Number(match[1]) * 1024 ** (powers[(match[3] ?? '').toLowerCase()] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

export function readBytes(value: Tree | undefined, where: string, findings: Findings): number | undefined {
  if (value === undefined || value === null) return undefined;
  const bytes = typeof value === 'number' || typeof value === 'string' ? parseBytes(value) : undefined;
  if (bytes === undefined) findings.mistake(where, 'must be a size such as 512m or 1gb');
  return bytes;
}
