import type { Findings } from '../findings.ts';
import { type Tree, textOf } from '../tree.ts';

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Milliseconds of a duration: `1m30s`, `500ms`, `1.5h`, `0`. Undefined when it is none: a number needs a unit.
 * Source: Compose Specification, "Specifying durations"; go-str2duration, which Compose parses them with.
 */
export function parseDuration(text: string): number | undefined {
  if (/^[-+]?0$/.test(text)) return 0;
  if (!/^\+?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w))+$/.test(text) || text.length > 100) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)/g))
    ms += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return Math.round(ms * 1e6) / 1e6;
}

export function readDuration(value: Tree | undefined, where: string, findings: Findings): number | undefined {
  if (value === undefined || value === null) return undefined;
  const ms = parseDuration(textOf(value));
  if (ms === undefined) findings.mistake(where, 'must be a duration such as 500ms, 10s or 1m30s');
  // The engine refuses shorter ones.
  else if (ms > 0 && ms < 1) findings.mistake(where, 'must be at least 1ms');
  return ms;
}
