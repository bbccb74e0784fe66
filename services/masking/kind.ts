import type { Dictionaries } from './dictionaries.ts';
import type { Digest } from './keyed/hmac.ts';
import type { ReplaceShape } from './keyed/shape.ts';
import type { Sink } from './rows/sink.ts';

/**
 * Masks the value `bytes[start, end)` (UTF-8, as Postgres prints it, without COPY's escapes, never empty) and appends
 * the result to `out`.
 */
export type Mask = (bytes: Buffer, start: number, end: number, out: Sink) => void;

/** What kinds of column there are, as far as masking can tell them apart. */
export const families = [
  ...(['text', 'uuid', 'inet', 'cidr', 'macaddr', 'date', 'timestamp', 'time', 'integer', 'decimal'] as const),
  ...(['money', 'boolean', 'enum', 'json', 'bytea', 'bits', 'hstore', 'tsvector', 'composite', 'other'] as const),
];
export type Family = (typeof families)[number];

/** What a mask needs to know about where its values go. */
export interface Place {
  /** Of a range, its bounds'. */
  family: Family;
  /** Postgres' own name of the type of one value (the element's, of an array): `varchar`, `int4`, `citext`. */
  type: string;
  /** The most characters it can hold; undefined is no limit. */
  limit?: number;
  /** Digits in all and after the point, of numeric(p, s). */
  precision?: number;
  scale?: number;
  /** Different originals have to stay different. */
  unique: boolean;
  /** What differs in case alone is the same original: of citext, and of columns that are tied to one. */
  ignoresCase?: boolean;
  /** Values are pairs of bounds, or lists of such pairs. */
  isRange?: boolean;
  /** Of an enum, all there are. */
  labels?: readonly string[];
  /** Of a composite type, in their order. */
  fields?: readonly PlacedField[];
  /** Which values are shuffled with one another. */
  pool?: string;
  /** Who the row in hand is about, for masks that ask. */
  subject?: Subject;
}

export interface PlacedField {
  name: string;
  place: Place;
  isArray: boolean;
}

/** Bytes of the row in hand, as COPY writes them: one of its fields, or all of it. None where that is NULL. */
export interface Subject {
  bytes: Buffer;
  start: number;
  end: number;
  /** The name of the masked column, so that two columns of a row do not get the same draws. */
  column: string;
}

/** What every mask is made from; one a thread. */
export interface Materials {
  dictionaries: Dictionaries;
  /** HMAC-SHA-256 under the key of a domain. The digest is overwritten by that domain's next call. */
  hmac: (domain: string) => (bytes: Buffer, start: number, end: number) => Digest;
  /** A key for what is derived otherwise. */
  key: (domain: string) => Buffer;
  replaceShape: (domain: string) => ReplaceShape;
  /** A mask of another kind, for values that turn out not to be what the column promised, and for parts of documents. */
  mask: (rule: MaskRule, place: Place) => Mask;
  /** The same for a whole value, arrays and ranges too. */
  maskValue: (rule: MaskRule, value: { place: Place; isArray: boolean }) => Mask;
  /** What every value of a pool is replaced by. */
  pools: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** One column's rule in a policy: `mask` names the kind, the rest are its options. */
export interface MaskRule {
  mask: string;
  [option: string]: unknown;
}

/** What happens to a part of a value: a kind's name, a rule, or a reason to keep it. */
export type PartRule = string | MaskRule | { keep: string };

/** A part that a rule says something about, or should. */
export interface Part {
  name: string;
  /** Missing where the rule says nothing about a field that there is. */
  rule?: PartRule | undefined;
  /** Missing where there is no such field. */
  value?: { place: Place; isArray: boolean } | undefined;
}

export interface Misfit {
  what: string;
  remedy: string;
}

export interface Kind {
  /** One line for people who write a policy. */
  summary: string;
  holds: readonly Family[];
  /** JSON schemas of its options, by name. */
  options?: Record<string, object>;
  required?: readonly string[];
  /**
   * Different originals come out different: always; or where `Place.unique` asks for it; or never, so that it cannot
   * stand in a unique column.
   */
  unique: 'always' | 'on-request' | 'never' | ((rule: MaskRule) => 'always' | 'never');
  /** The shortest text column that it fits in. */
  shortest?: number;
  /** Its result may hold characters that COPY escapes. */
  needsEscape?: boolean;
  /** It replaces arrays and ranges as a whole; other kinds mask each element and bound. */
  whole?: boolean;
  /** It is for columns only, not for a part of a document or composite value. */
  columnsOnly?: boolean;
  /** It masks by the row: by the column that the option `subject` names, else by all of it. */
  perRow?: boolean;
  /** It puts values of the column's own in place of others, so that they have to be read before any row. */
  pooled?: (rule: MaskRule) => boolean;
  /** What stands in every row instead of a value, whatever it was: null is NULL. Then `create` serves parts of values only. */
  fixed?: (materials: Pick<Materials, 'key'>, rule: MaskRule) => string | null;
  /** The parts that the rule's `fields` are about. */
  parts?: (rule: MaskRule, place: Place) => Part[];
  /** What in the rule's options does not go with a place whose family it holds. */
  misfit?: (rule: MaskRule, place: Place) => Misfit | undefined;
  create: (materials: Materials, rule: MaskRule, place: Place) => Mask;
}
