import type { Dictionaries } from './dictionaries.ts';
import type { Digest } from './hmac.ts';
import type { ReplaceShape } from './shape.ts';
import type { Sink } from './sink.ts';

/**
 * Masks the value `bytes[start, end)` (UTF-8, as Postgres prints it, without COPY's escapes, never empty) and appends
 * the result to `out`.
 */
export type Mask = (bytes: Buffer, start: number, end: number, out: Sink) => void;

/** What kinds of column there are, as far as masking can tell them apart. */
export type Family =
  | 'text'
  | 'uuid'
  | 'inet'
  | 'cidr'
  | 'date'
  | 'timestamp'
  | 'integer'
  | 'decimal'
  | 'json'
  | 'other';

/** What a mask needs to know about where its values go. */
export interface Place {
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
}

/** What every mask is made from; one a thread. */
export interface Materials {
  dictionaries: Dictionaries;
  /** HMAC-SHA-256 under the key of a domain. The digest is overwritten by that domain's next call. */
  hmac: (domain: string) => (bytes: Buffer, start: number, end: number) => Digest;
  replaceShape: (domain: string) => ReplaceShape;
  /** A mask of another kind, for values that turn out not to be what the column promised, and for parts of documents. */
  mask: (rule: MaskRule, place: Place) => Mask;
}

/** One column's rule in a policy: `mask` names the kind, the rest are its options. */
export interface MaskRule {
  mask: string;
  [option: string]: unknown;
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
  create: (materials: Materials, rule: MaskRule, place: Place) => Mask;
}
