import { createRequire } from 'node:module';
import type { Faker } from '@faker-js/faker';
import { defaultLocale, fakerOf } from './locales.ts';

/**
 * faker's vocabulary of one locale as UTF-8, built once and shared with the worker threads. Prose and the words of
 * addresses are ASCII: one byte is one character.
 */
export interface Dictionaries {
  version: string;
  locale: string;
  /** Lists that the locale lacks, for which the English ones stand in: `streets`. */
  borrowed: string[];
  firstNames: Buffer[];
  lastNames: Buffer[];
  /** Names as they stand in an address: lower case letters only. */
  mailFirstNames: Buffer[];
  mailLastNames: Buffer[];
  cities: Buffer[];
  countries: Buffer[];
  streets: Buffer[];
  /** 12 High Street, not Hauptstraße 12. */
  houseNumberFirst: boolean;
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
 * between versions), with the locale, and with how the kinds use them.
 */
const formatVersion = 4;
const fakerVersion = (createRequire(import.meta.url)('@faker-js/faker/package.json') as { version: string }).version;

export function dictionaryVersion(locale: string = defaultLocale): string {
  return `${formatVersion}+faker-${fakerVersion}+${locale}`;
}

const built = new Map<string, Dictionaries>();

export function dictionaries(locale: string = defaultLocale): Dictionaries {
  const found = built.get(locale) ?? build(locale);
  built.set(locale, found);
  return found;
}

/** A list of this many words at least is worth having; with fewer, everybody has the same name. */
const fewest: Partial<Record<ListName, number>> = { companySuffixes: 2 };
const fewestOtherwise = 20;

function build(locale: string): Dictionaries {
  const own = listsOf(fakerOf(locale), fakerOf(defaultLocale));
  const english = locale === defaultLocale ? own : listsOf(fakerOf(defaultLocale), undefined);
  const borrowed: string[] = [];
  const lists = Object.fromEntries(
    listNames.map((name) => {
      if (own[name].length >= (fewest[name] ?? fewestOtherwise)) return [name, own[name]];
      if (locale === defaultLocale) throw new Error(`faker’s English vocabulary lacks ${name}`);
      borrowed.push(name);
      return [name, english[name]];
    }),
  ) as Record<ListName, string[]>;
  const { proseWords, ...others } = lists;
  const encoded = Object.entries(others).map(([name, words]) => [name, words.map((word) => Buffer.from(word))]);
  return {
    ...{ version: dictionaryVersion(locale), locale, borrowed },
    houseNumberFirst: houseNumberFirst(fakerOf(borrowed.includes('streets') ? defaultLocale : locale)),
    ...(Object.fromEntries(encoded) as Record<Exclude<ListName, 'proseWords'>, Buffer[]>),
    ...proseOf(proseWords),
  };
}

function houseNumberFirst({ rawDefinitions: { location } }: Faker): boolean {
  return /^\{\{location\.buildingNumber/.test(location?.street_address?.normal ?? '');
}

const listNames = [
  ...(['firstNames', 'lastNames', 'mailFirstNames', 'mailLastNames', 'cities', 'countries', 'streets'] as const),
  ...(['companySuffixes', 'adjectives', 'animals', 'proseWords'] as const),
];
type ListName = (typeof listNames)[number];

/** What is a locale's own: faker fills its gaps with the very objects of the English one, `fallback`. */
function listsOf(faker: Faker, fallback: Faker | undefined): Record<ListName, string[]> {
  const { rawDefinitions: all } = faker;
  const words = (list: readonly string[] | null | undefined) =>
    wordsOf(list, faker === fakerOf(defaultLocale) ? ascii : any);
  const english = fallback === faker ? undefined : fallback?.rawDefinitions;
  const own = <T>(of: (definitions: typeof all) => T | undefined): T | undefined => {
    const found = of(all);
    return english && found === of(english) ? undefined : found;
  };
  const first = own((of) => of.person?.first_name);
  const last = own((of) => of.person?.last_name);
  const names = {
    firstNames: words([...(first?.generic ?? []), ...(first?.female ?? []), ...(first?.male ?? [])]),
    lastNames: words([...(last?.generic ?? []), ...(last?.female ?? []), ...(last?.male ?? [])]),
  };
  /** Made of the locale's patterns, where it lists none. */
  const drawn = (pattern: unknown, draw: () => string) => {
    if (pattern === undefined) return [];
    faker.seed(1);
    return Array.from({ length: 1000 }, draw);
  };
  const cities = own((of) => of.location?.city_name);
  const streets = own((of) => of.location?.street_name);
  const cityPattern = own((of) => of.location?.city_pattern);
  const streetPattern = own((of) => of.location?.street_pattern);
  return {
    ...names,
    mailFirstNames: letters(names.firstNames),
    mailLastNames: letters(names.lastNames),
    cities: words(cities ?? drawn(cityPattern, () => faker.location.city())),
    countries: words(own((of) => of.location?.country)),
    streets: words(streets ?? drawn(streetPattern, () => faker.location.street())),
    companySuffixes: words(own((of) => of.company?.legal_entity_type as string[] | undefined)),
    adjectives: letters(words(own((of) => of.word?.adjective))),
    animals: letters(words(own((of) => of.animal?.type as string[] | undefined))),
    proseWords: words(own((of) => of.lorem?.word)).filter((word) => /^[\x20-\x7e]+$/.test(word)),
  };
}

/** Nothing that COPY escapes. The default locale fits into every encoding that a database may have. */
const any = /^[^\p{C}\\]+$/u;
const ascii = /^[\x20-\x5b\x5d-\x7e]+$/;

/** Every list is sorted and free of doubles, so that its order does not hang on faker's. */
function wordsOf(list: readonly string[] | null | undefined, accepted: RegExp): string[] {
  return [...new Set(list ?? [])].filter((word) => accepted.test(word)).sort();
}

/** Lower case ASCII letters: Jürgen is jurgen, Łukasz lukasz; what is of another script is left out. */
function letters(list: string[]): string[] {
  const simplified = list.map((word) =>
    word
      .toLowerCase()
      .replace(/[ßæœøłđð]/g, (letter) => plain[letter]!)
      .normalize('NFD')
      .replace(/[\p{M}\p{P}\s]/gu, ''),
  );
  return wordsOf(simplified, /^[a-z]+$/);
}

const plain: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd' };

/** Text long enough that a slice of it from any word on is as long as a chunk of free text needs. */
function proseOf(words: string[]): { prose: Buffer; proseStarts: number[] } {
  const proseStarts: number[] = [];
  let prose = '';
  let word = 0;
  for (let index = 0; index < 8192; index++) {
    proseStarts.push(prose.length);
    // A linear congruential sequence (Numerical Recipes): a stride would come round, and short texts would have no more
    // values than the list has words.
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    prose += `${words[Math.floor((word / 2 ** 32) * words.length)]} `;
  }
  return { prose: Buffer.from(prose + prose.slice(0, 256), 'latin1'), proseStarts };
}
