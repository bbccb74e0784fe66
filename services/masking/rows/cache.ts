import type { Mask } from '../kind.ts';
import { append } from './sink.ts';

const slots = 4096;
const slotBytes = 64;
/** After so many a 32nd has to have come again, as of 16,000 different values about does: of addresses none has. */
const firstLookups = 1024;
/** After so many a quarter. */
const trialLookups = 8192;

/**
 * Remembers the last 4096 short values of a column: cities and countries repeat, and a look-up costs a tenth of a hash.
 * After a trial it steps aside where values hardly repeat, as addresses of customers do.
 */
export function remember(mask: Mask): Mask {
  const keys = Buffer.alloc(slots * slotBytes);
  const values = Buffer.alloc(slots * slotBytes);
  const keyLengths = new Uint8Array(slots);
  const valueLengths = new Uint8Array(slots);
  let lookups = 0;
  let hits = 0;
  const isInVain = () =>
    (lookups >= firstLookups && hits * 32 < lookups) || (lookups >= trialLookups && hits * 4 < lookups);
  return (bytes, start, end, out) => {
    const length = end - start;
    if (length > slotBytes || isInVain()) return mask(bytes, start, end, out);
    if (++lookups === trialLookups * 64) {
      lookups /= 64;
      hits /= 64;
    }
    const slot = slotOf(bytes, start, end);
    const offset = slot * slotBytes;
    if (keyLengths[slot] === length && isSame(bytes, start, keys, offset, length)) {
      hits++;
      return append(out, values, offset, offset + valueLengths[slot]!);
    }
    const at = out.at;
    mask(bytes, start, end, out);
    if (out.at - at > slotBytes) return;
    copyShort(bytes, start, end, keys, offset);
    keyLengths[slot] = length;
    copyShort(out.bytes, at, out.at, values, offset);
    valueLengths[slot] = out.at - at;
  };
}

/** The native copy costs 50 ns a call, more than a loop over a short value. */
function copyShort(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  for (let index = start, position = at; index < end; index++) to[position++] = from[index]!;
}

/** FNV-1a. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  return (hash ^ (hash >>> 15)) & (slots - 1);
}

function isSame(a: Buffer, aStart: number, b: Buffer, bStart: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (a[aStart + index] !== b[bStart + index]) return false;
  return true;
}
