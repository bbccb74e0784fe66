import { createRequire } from 'node:module';
// This locale alone: all of them together take 32 MB more in every thread.
import { faker } from '@faker-js/faker/locale/en';

/** faker's vocabulary as bytes, built once and shared with the worker threads. ASCII only: one byte is one character. */
export interface Dictionaries {
  version: string;
  firstNames: Buffer[];
  lastNames: Buffer[];
  /** Names as they stand in an address: lower case letters only. */
  mailFirstNames: Buffer[];
  mailLastNames: Buffer[];
  cities: Buffer[];
  countries: Buffer[];
  streets: Buffer[];
  companySuffixes: Buffer[];
  adjectives: Buffer[];
  animals: Buffer[];
  /** Words of placeholder text with one space between them. */
  prose: Buffer;
  /** Where words of `prose` begin. */
  proseStarts: number[];
}

/**
 * Changes whenever the same key and original may give another masked value: with faker's lists (its output changes
 * between versions) and with how the kinds use them.
 */
const formatVersion = 1;
const fakerVersion = (createRequire(import.meta.url)('@faker-js/faker/package.json') as { version: string }).version;
export const dictionaryVersion = `${formatVersion}+faker-${fakerVersion}`;

const en = faker.rawDefinitions;

let built: Dictionaries | undefined;

export function dictionaries(): Dictionaries {
  built ??= build();
  return built;
}

function build(): Dictionaries {
  const first = en.person?.first_name;
  const firstNames = ascii([...(first?.generic ?? []), ...(first?.female ?? []), ...(first?.male ?? [])]);
  const lastNames = ascii(en.person?.last_name?.generic ?? []);
  const { prose, proseStarts } = proseOf(ascii(en.lorem?.word ?? []));
  return {
    version: dictionaryVersion,
    firstNames: encoded(firstNames),
    lastNames: encoded(lastNames),
    mailFirstNames: encoded(letters(firstNames)),
    mailLastNames: encoded(letters(lastNames)),
    cities: encoded(ascii(en.location?.city_name ?? [])),
    countries: encoded(ascii(en.location?.country ?? [])),
    streets: encoded(ascii(en.location?.street_name ?? [])),
    companySuffixes: encoded(ascii((en.company?.legal_entity_type as string[] | undefined) ?? [])),
    adjectives: encoded(letters(ascii(en.word?.adjective ?? []))),
    animals: encoded(letters(ascii((en.animal?.type as string[] | undefined) ?? []))),
    prose,
    proseStarts,
  };
}

/** Every list is sorted and free of doubles, so that its order does not hang on faker's. */
function ascii(words: readonly string[]): string[] {
  const kept = [...new Set(words)].filter((word) => /^[\x20-\x7e]+$/.test(word)).sort();
  if (kept.length === 0) throw new Error('faker’s English vocabulary lacks a list that masking needs');
  return kept;
}

function letters(words: string[]): string[] {
  return ascii(words.map((word) => word.toLowerCase().replace(/[^a-z]/g, '')).filter((word) => word !== ''));
}

function encoded(words: string[]): Buffer[] {
  return words.map((word) => Buffer.from(word, 'latin1'));
}

/** Text long enough that a slice of it from any word on is as long as a chunk of free text needs. */
function proseOf(words: string[]): { prose: Buffer; proseStarts: number[] } {
  const proseStarts: number[] = [];
  let prose = '';
  for (let index = 0; index < 8192; index++) {
    proseStarts.push(prose.length);
    // A fixed stride that shares no factor with the list's length walks the words in a mixed order.
    prose += `${words[(index * 619) % words.length]} `;
  }
  return { prose: Buffer.from(prose + prose.slice(0, 256), 'latin1'), proseStarts };
}
