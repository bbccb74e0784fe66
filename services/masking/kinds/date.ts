import type { Kind, MaskRule, Place } from '../kind.ts';
import { append, appendString } from '../rows/sink.ts';
import { earliestMs, isInfinity, latestMs, type Moment, noMoment, parseMoment, printMoment } from '../values/moment.ts';
import { Unmaskable } from '../values/unmaskable.ts';

const dayMs = 86_400_000;

/**
 * Moves dates and times by up to `days` (30). `per: value` moves each by an amount of its own; `subject` names the
 * column that says who the row is about, and all dates of one subject move by the same number of days, in every table;
 * `per: snapshot` moves all by the same one, so that intervals and orders stay (a CHECK that compares two columns needs
 * one of the latter two).
 */
export const date: Kind = {
  summary:
    'Moved by up to `days` (30) days; with `subject: <column>` all of one subject alike, with `per: snapshot` all alike: intervals stay',
  holds: ['date', 'timestamp', 'text'],
  options: {
    days: { type: 'integer', minimum: 1, maximum: 36500 },
    per: { enum: ['value', 'snapshot'] },
    subject: { type: 'string', minLength: 1 },
  },
  unique: (rule) => (rule.per === 'snapshot' ? 'always' : 'never'),
  needsEscape: true,
  misfit: (rule) =>
    rule.subject !== undefined && rule.per !== undefined
      ? { what: 'names a `subject` and says `per`, and only one can hold', remedy: 'Leave one of them out' }
      : undefined,
  create: ({ hmac, mask }, rule, place) => {
    const days = Number(rule.days ?? 30);
    const shiftOf = (digest: Uint32Array) => (digest[0]! & 1 ? 1 : -1) * (1 + (digest[1]! % days)) * dayMs;
    const ofValue = hmac('date');
    const together = togetherOf(hmac, rule, place);
    const otherwise = place.family === 'text' ? mask({ mask: 'text' }, place) : undefined;
    return (bytes, start, end, out) => {
      const printed = bytes.toString('latin1', start, end);
      const original = parseMoment(printed);
      if (!original) {
        if (otherwise) return otherwise(bytes, start, end, out);
        if (isInfinity(printed)) return append(out, bytes, start, end);
        throw new Unmaskable(noMoment);
      }
      const shared = together();
      if (shared) return appendString(out, printMoment(moved(original, shiftOf(shared))));
      const digest = ofValue(bytes, start, end);
      const shiftMs = original.hasTime
        ? (digest[0]! & 1 ? 1 : -1) * (1 + (digest[1]! % (days * 86_400))) * 1000
        : shiftOf(digest);
      appendString(out, printMoment({ ...moved(original, shiftMs), fraction: drawn(original.fraction, digest[2]!) }));
    };
  },
};

/** The digest that several values share: all of the snapshot, or of one subject; none for a row without a subject. */
function togetherOf(
  hmac: (domain: string) => (bytes: Buffer, start: number, end: number) => Uint32Array,
  rule: MaskRule,
  { subject }: Place,
): () => Uint32Array | undefined {
  if (rule.per === 'snapshot') {
    const constant = Buffer.from('shift of the snapshot');
    const digest = Uint32Array.from(hmac('date')(constant, 0, constant.length));
    return () => digest;
  }
  if (!subject) return () => undefined;
  const digestOf = hmac('date of subject');
  return () => (subject.end > subject.start ? digestOf(subject.bytes, subject.start, subject.end) : undefined);
}

function moved(original: Moment, shiftMs: number): Moment {
  let epochMs = original.epochMs + shiftMs;
  // At the ends of what Postgres can hold there is room on one side only.
  if (epochMs < earliestMs) epochMs = original.epochMs + Math.abs(shiftMs);
  if (epochMs > latestMs) epochMs = original.epochMs - Math.abs(shiftMs);
  return { ...original, epochMs };
}

/** The fraction of a second is as good as a name, so it is drawn anew unless values move together. */
function drawn(fraction: string, word: number): string {
  const digits = fraction.length - 1;
  if (digits < 1) return '';
  return `.${String(word % 1_000_000)
    .padStart(6, '0')
    .padEnd(digits, '0')
    .slice(0, digits)}`;
}
