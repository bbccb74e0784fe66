import type { Dictionaries } from '../dictionaries.ts';
import { appendPick, appendTag, tagLength } from '../keyed/digest.ts';
import type { Digest } from '../keyed/hmac.ts';
import type { Kind, Materials, Place } from '../kind.ts';
import { append, appendByte, isSame, type Sink, truncate } from '../rows/sink.ts';

/** Kinds whose values are dictionary entries: names of people, places and companies. */

type Compose = (out: Sink, words: Dictionaries, digest: Digest) => void;

function dictionaryKind(summary: string, domain: string, compose: Compose): Kind {
  return {
    summary,
    holds: ['text'],
    unique: 'on-request',
    create: (materials, _rule, place) => createDictionaryMask(materials, domain, compose, place),
  };
}

/** In a unique column the hash's own bits follow: there are fewer names than people. */
function createDictionaryMask(materials: Materials, domain: string, compose: Compose, place: Place) {
  const hmac = materials.hmac(domain);
  const words = materials.dictionaries;
  const { limit } = place;
  const nameLimit = place.unique && limit !== undefined ? Math.max(0, limit - tagLength - 1) : limit;
  return (bytes: Buffer, start: number, end: number, out: Sink) => {
    const digest = hmac(bytes, start, end);
    const at = out.at;
    compose(out, words, digest);
    truncate(out, at, nameLimit);
    if (isSame(bytes, start, end, out, at)) {
      // Half the list further on: whoever is in the dictionary is not called what they are.
      digest[0]! ^= 0x80000000;
      out.at = at;
      compose(out, words, digest);
      truncate(out, at, nameLimit);
    }
    if (!place.unique) return;
    if (out.at > at) appendByte(out, 0x20);
    appendTag(out, digest[6]!, digest[7]!);
    truncate(out, at, limit);
  };
}

const space = Buffer.from(' ');

export const firstName = dictionaryKind('A first name', 'first_name', (out, words, digest) =>
  appendPick(out, words.firstNames, digest[0]!),
);

export const lastName = dictionaryKind('A last name', 'last_name', (out, words, digest) =>
  appendPick(out, words.lastNames, digest[0]!),
);

export const fullName = dictionaryKind('First and last name', 'full_name', (out, words, digest) => {
  appendPick(out, words.firstNames, digest[0]!);
  append(out, space);
  appendPick(out, words.lastNames, digest[1]!);
});

export const city = dictionaryKind('The name of a city', 'city', (out, words, digest) =>
  appendPick(out, words.cities, digest[0]!),
);

export const country = dictionaryKind('The name of a country', 'country', (out, words, digest) =>
  appendPick(out, words.countries, digest[0]!),
);

export const street = dictionaryKind('A house number and a street', 'street', (out, words, digest) => {
  const number = Buffer.from(String(1 + (digest[1]! % 999)), 'latin1');
  if (words.houseNumberFirst) {
    append(out, number);
    append(out, space);
  }
  appendPick(out, words.streets, digest[0]!);
  if (words.houseNumberFirst) return;
  append(out, space);
  append(out, number);
});

export const company = dictionaryKind('The name of a company', 'company', (out, words, digest) => {
  appendPick(out, words.lastNames, digest[0]!);
  append(out, space);
  appendPick(out, words.companySuffixes, digest[1]!);
});
