import type { Vocabulary } from '../vocabulary.ts';
import type { Detector } from './detector.ts';

/** Where somebody lives. */

const streetWords =
  'street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|square|terrace|close|crescent|highway|hwy|' +
  'rue|bd|chemin|impasse|allée|quai|via|viale|piazza|corso|vicolo|calle|avenida|plaza|paseo|carrer|camino|rua|travessa|praça|' +
  'ulica|ul|aleja|al|náměstí|utca|út|strada|bulevardul|улица|ул|проспект|cadde|caddesi|sokak|sk|mah|' +
  'weg|platz|allee|gasse|ring|damm|ufer|laan|straat|plein|gracht|kade|vej|gade|allé|gata|gatan|vägen|veien|vei|katu|tie';
const streetEndings =
  'straße|strasse|str|gasse|platz|weg|allee|damm|straat|laan|gracht|plein|dijk|vej|gade|gata|gatan|vägen|veien|gate|katu|tie|utca';
const streetWord = new RegExp(
  `(?:^|[\\s,.])(?:${streetWords})\\.?(?=$|[\\s,.])|\\p{L}{2,}(?:${streetEndings})\\.?(?=$|[\\s,])`,
  'iu',
);

export const street: Detector = {
  finding: 'street',
  label: 'postal addresses',
  chance: 0.02,
  enough: 0.5,
  matches: (value) =>
    value.length <= 160 &&
    /(?:^|[\s,.#-])\d{1,5}[a-z]?(?:[-/]\d{1,4}[a-z]?)?(?=$|[\s,.])/i.test(value) &&
    streetWord.test(value) &&
    !/[@=<>{}]|:\/\//.test(value),
};

/** Of forms that nothing else has. Five digits are a postcode only where the name says so. */
export const postcode: Detector = {
  finding: 'postcode',
  label: 'postcodes',
  chance: 0.005,
  enough: 0.8,
  matches: (value) =>
    /^(?:GIR ?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY]) ?\d[ABD-HJLNP-UW-Z]{2})$/i.test(
      value,
    ) || // Royal Mail
    /^[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d$/i.test(value) || // Canada Post
    /^[1-9]\d{3} (?!SA|SD|SS)[A-Z]{2}$/.test(value) || // Netherlands
    /^\d{5}-\d{4}$/.test(value) || // USPS ZIP+4
    /^(?:[A-Z]{1,2}-)\d{4,5}$/.test(value) || // with the country's sign in front
    /^\d{2}-\d{3}$/.test(value) || // Poland
    /^\d{5}-\d{3}$/.test(value), // Brazil
};

export function city({ cities, countries }: Vocabulary): Detector {
  return {
    finding: 'city',
    label: 'names of cities',
    chance: 0.05,
    enough: 0.5,
    matches: (value) => cities.has(wordOf(value)) && !countries.has(wordOf(value)),
  };
}

export function country({ countries }: Vocabulary): Detector {
  return {
    finding: 'country',
    label: 'names of countries',
    chance: 0.01,
    enough: 0.6,
    matches: (value) => countries.has(wordOf(value)),
  };
}

function wordOf(value: string): string {
  return value.normalize('NFC').toLowerCase();
}
