import type { Faker } from '@faker-js/faker';
import { wordsOf } from './names-of-columns.ts';

/** Words of several languages, in lower case, that tell names of people and places. */
export interface Vocabulary {
  firstNames: ReadonlySet<string>;
  lastNames: ReadonlySet<string>;
  cities: ReadonlySet<string>;
  countries: ReadonlySet<string>;
  /** First and last names of one word, as they stand in a key: without accents. */
  namesInKeys: ReadonlySet<string>;
}

type Locale = { faker: Faker };

/** A few milliseconds and one megabyte in all; loaded when somebody first asks. */
const locales: (() => Promise<Locale>)[] = [
  () => import('@faker-js/faker/locale/en'),
  () => import('@faker-js/faker/locale/en_IN'),
  () => import('@faker-js/faker/locale/de'),
  () => import('@faker-js/faker/locale/fr'),
  () => import('@faker-js/faker/locale/es'),
  () => import('@faker-js/faker/locale/it'),
  () => import('@faker-js/faker/locale/nl'),
  () => import('@faker-js/faker/locale/pt_BR'),
  () => import('@faker-js/faker/locale/pl'),
  () => import('@faker-js/faker/locale/cs_CZ'),
  () => import('@faker-js/faker/locale/hr'),
  () => import('@faker-js/faker/locale/hu'),
  () => import('@faker-js/faker/locale/ro'),
  () => import('@faker-js/faker/locale/da'),
  () => import('@faker-js/faker/locale/sv'),
  () => import('@faker-js/faker/locale/nb_NO'),
  () => import('@faker-js/faker/locale/fi'),
  () => import('@faker-js/faker/locale/tr'),
  () => import('@faker-js/faker/locale/ru'),
];

let loaded: Promise<Vocabulary> | undefined;

export function loadVocabulary(): Promise<Vocabulary> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Vocabulary> {
  const vocabulary = {
    firstNames: new Set<string>(),
    lastNames: new Set<string>(),
    cities: new Set<string>(),
    countries: new Set<string>(),
  };
  for (const locale of locales) {
    const { person, location } = (await locale()).faker.rawDefinitions;
    addAll(vocabulary.firstNames, person?.first_name);
    addAll(vocabulary.lastNames, person?.last_name);
    addAll(vocabulary.cities, { generic: location?.city_name });
    addAll(vocabulary.countries, { generic: location?.country });
  }
  const names = [...vocabulary.firstNames, ...vocabulary.lastNames].map(wordsOf);
  return { ...vocabulary, namesInKeys: new Set(names.filter((name) => !name.includes('_'))) };
}

/** faker keeps some lists by grammatical gender. */
function addAll(words: Set<string>, lists: object | null | undefined): void {
  for (const list of Object.values(lists ?? {})) {
    if (!Array.isArray(list)) continue;
    for (const word of list)
      if (typeof word === 'string' && word.length > 1) words.add(word.normalize('NFC').toLowerCase());
  }
}
