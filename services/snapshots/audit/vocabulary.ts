import { dictionaries } from '../../masking/dictionaries.ts';

/** What a technique draws words from. How large dictionaries are is all that the audit takes from the masking. */
export interface Vocabulary {
  about: 'people' | 'companies' | 'places' | 'animals';
  /** Different values that it draws from, each as often. */
  values: number;
  /** Those with two words or more: a single one is no original that is searched. */
  phrases: number;
}

/** What originals of a technique are about, so that they may well be in such a vocabulary. */
export const subjects: Record<string, Vocabulary['about'][]> = {
  full_name: ['people'],
  username: ['people', 'animals'],
  // Whoever trades under their own name.
  company: ['companies', 'people'],
  street: ['places'],
};

/** By technique, of those that make words. */
export function vocabulariesOf(locale?: string): Record<string, Vocabulary> {
  const lists = dictionaries(locale);
  const { firstNames, lastNames, mailFirstNames, mailLastNames, cities, countries, streets } = lists;
  const { companySuffixes, adjectives, animals } = lists;
  const composed = (about: Vocabulary['about'], values: number): Vocabulary => ({ about, values, phrases: values });
  const listed = (about: Vocabulary['about'], list: readonly Buffer[]): Vocabulary => {
    const phrases = list.filter((entry) => /[^\p{L}\p{N}]/u.test(entry.toString())).length;
    return { about, values: list.length, phrases };
  };
  return {
    full_name: composed('people', firstNames.length * lastNames.length),
    first_name: listed('people', firstNames),
    last_name: listed('people', lastNames),
    email: composed('people', mailFirstNames.length * mailLastNames.length),
    username: composed('animals', adjectives.length * animals.length),
    company: composed('companies', lastNames.length * companySuffixes.length),
    // Originals may be without a number.
    street: composed('places', streets.length),
    city: listed('places', cities),
    country: listed('places', countries),
  };
}
