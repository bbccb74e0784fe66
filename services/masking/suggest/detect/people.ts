import type { Vocabulary } from '../vocabulary.ts';
import type { Detector } from './detector.ts';

/** Who somebody is. Dictionaries know half of a country's people at best, and many words are names as well. */

const word = /^\p{Lu}[\p{L}’'-]*\.?$/u;
const particles = new Set(
  'van von der den de del della di da dos das du la le ter ten bin ibn al el y e zu af av'.split(' '),
);
const titles = /^(?:mr|mrs|ms|miss|dr|prof|herr|frau|m|mme|sr|sra|sig|ing|dipl|mag|c\/o)\.?$/i;

function partsOf(value: string): string[] {
  // `Müller, Anna` is `Anna Müller`.
  const turned = value.replace(/^([^,]+), ?([^,]+)$/, '$2 $1');
  return turned
    .trim()
    .split(/\s+/)
    .filter((part) => !titles.test(part));
}

export function fullName({ firstNames, lastNames, cities }: Vocabulary): Detector {
  return {
    finding: 'full_name',
    label: 'names of people',
    chance: 0.03,
    enough: 0.35,
    matches: (value) => {
      if (value.length > 80 || /[\d@_:;/()]/.test(value.replace('c/o', '')) || cities.has(value.toLowerCase()))
        return false;
      const parts = partsOf(value);
      if (parts.length < 2 || parts.length > 5) return false;
      if (!parts.every((part, index) => word.test(part) || (index > 0 && particles.has(part)))) return false;
      const first = known(firstNames, parts[0]!);
      const last = known(lastNames, parts.at(-1)!);
      return first || (last && parts.length <= 3);
    },
  };
}

export function firstName({ firstNames }: Vocabulary): Detector {
  return {
    finding: 'first_name',
    label: 'first names',
    chance: 0.05,
    enough: 0.5,
    matches: (value) => value.length > 1 && word.test(value) && known(firstNames, value),
  };
}

export function lastName({ lastNames, cities }: Vocabulary): Detector {
  return {
    finding: 'last_name',
    label: 'last names',
    chance: 0.05,
    enough: 0.5,
    matches: (value) =>
      value.length > 1 && word.test(value) && known(lastNames, value) && !cities.has(value.toLowerCase()),
  };
}

/** `Anna-Lena` counts by its first part, too. */
function known(names: ReadonlySet<string>, part: string): boolean {
  const name = part.normalize('NFC').toLowerCase();
  return names.has(name) || names.has(name.split('-')[0]!);
}

const legalForm =
  /(?:^|[\s,])(?:inc|incorporated|llc|llp|ltd|limited|plc|corp|corporation|gmbh|ggmbh|ag|kg|ohg|ug|e\.?k|e\.?v|gbr|gmbh & co\.? kg|s\.?a\.?r\.?l|s\.?a\.?s\.?u?|e\.?u\.?r\.?l|s\.?p\.?a|s\.?r\.?l\.?s?|s\.?l\.?u?|b\.?v|n\.?v|v\.?o\.?f|oyj?|abp?|a\/s|aps|asa?|i\/s|sp\. ?z ?o\. ?o|s\.r\.o|kft|zrt|d\.o\.o|pty|pvt|k\.k|ltda|eireli|ооо|a\.?ş)\.?$/iu;

export const company: Detector = {
  finding: 'company',
  label: 'names of companies',
  chance: 0.01,
  enough: 0.4,
  matches: (value) => value.length <= 120 && /^[\p{Lu}\d]/u.test(value) && /\s/.test(value) && legalForm.test(value),
};
