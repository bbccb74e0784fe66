import type { Detector } from './detect/detector.ts';
import { detectorsOf, withinText } from './detect/index.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What was seen of a column, in numbers; the values themselves are gone by then. */
export interface Evidence {
  /** Values that are neither NULL nor empty. */
  values: number;
  /** Different ones among them that were looked into. */
  looked: number;
  /** How many of those wholly look like what a detector tells, in the detectors' order. */
  whole: ReadonlyMap<Detector, number>;
  /** How many of those hold it somewhere in them. */
  within: ReadonlyMap<Detector, number>;
  /** How many have four words or more. */
  wordy: number;
  /** How many are digits only. */
  digits: number;
  /** How many are JSON objects or arrays. */
  documents: number;
  shortest: number;
  longest: number;
  /** Whether every value is made of letters, digits, spaces and `_-./` and begins with a letter, as words of a list are. */
  wordsOnly: boolean;
  /** Of dates: how many years lie between the first and the last, and how many are those of somebody alive. */
  dates: { count: number; ofPeople: number; firstYear: number; lastYear: number };
}

export interface EvidenceCollector {
  add(value: string | null): void;
  evidence(): Evidence;
}

/** More different values tell nothing more. */
export const mostLooked = 2000;

export function createCollector(vocabulary: Vocabulary): EvidenceCollector {
  const detectors = detectorsOf(vocabulary);
  const seen = new Set<string>();
  const whole = new Map<Detector, number>();
  const within = new Map<Detector, number>();
  const dates = { count: 0, ofPeople: 0, firstYear: Number.POSITIVE_INFINITY, lastYear: Number.NEGATIVE_INFINITY };
  const evidence = {
    values: 0,
    wordy: 0,
    digits: 0,
    documents: 0,
    shortest: Number.POSITIVE_INFINITY,
    longest: 0,
    wordsOnly: true,
  };

  const look = (value: string) => {
    for (const detector of detectors) if (detector.matches(value)) count(whole, detector);
    if (/\s\S/.test(value) || value.length > 60) for (const detector of foundWithin(value)) count(within, detector);
    if (/^\s*[[{]/.test(value) && isDocument(value)) evidence.documents++;
    if (value.split(/\s+/, 4).length === 4) evidence.wordy++;
    if (/^\d+$/.test(value)) evidence.digits++;
    if (!/^\p{L}[\p{L}\p{N} _./-]*$/u.test(value)) evidence.wordsOnly = false;
    evidence.shortest = Math.min(evidence.shortest, value.length);
    evidence.longest = Math.max(evidence.longest, value.length);
    const year = /^(\d{4})-\d\d-\d\d(?:$|[ T])/.exec(value)?.[1] ?? /^\d{1,2}[./]\d{1,2}[./](\d{4})$/.exec(value)?.[1];
    if (year === undefined) return;
    dates.count++;
    dates.firstYear = Math.min(dates.firstYear, Number(year));
    dates.lastYear = Math.max(dates.lastYear, Number(year));
    const age = new Date().getUTCFullYear() - Number(year);
    if (age >= 14 && age <= 105) dates.ofPeople++;
  };

  const inOrder = (counts: ReadonlyMap<Detector, number>) =>
    new Map(detectors.flatMap((detector) => (counts.has(detector) ? [[detector, counts.get(detector)!]] : [])));

  return {
    add(raw) {
      const value = raw?.trim() ?? '';
      if (value === '') return;
      evidence.values++;
      if (seen.size >= mostLooked || seen.has(value)) return;
      seen.add(value);
      look(value);
    },
    evidence: () => ({ ...evidence, looked: seen.size, whole: inOrder(whole), within: inOrder(within), dates }),
  };
}

function count(counts: Map<Detector, number>, detector: Detector): void {
  counts.set(detector, (counts.get(detector) ?? 0) + 1);
}

const spaced =
  /\+\d[\d ()./-]{6,20}\d|\b\d(?:[ -]?\d){12,18}\b|\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g;

/** Words of a text, and what has spaces of its own. */
function foundWithin(value: string): Set<Detector> {
  const text = value.slice(0, 4096);
  const found = new Set<Detector>();
  const parts = [
    ...text.split(/[\s"',;()<>{}[\]|]+/).map((part) => part.replace(/[.:!?]+$/, '')),
    ...(text.match(spaced) ?? []),
  ];
  for (const part of parts) {
    if (part.length < 6) continue;
    for (const detector of withinText) if (!found.has(detector) && detector.matches(part)) found.add(detector);
    const assigned = /[=:]([^=:].{5,})$/.exec(part)?.[1];
    if (assigned)
      for (const detector of withinText) if (!found.has(detector) && detector.matches(assigned)) found.add(detector);
  }
  return found;
}

function isDocument(value: string): boolean {
  try {
    return typeof JSON.parse(value) === 'object';
  } catch {
    return false;
  }
}
