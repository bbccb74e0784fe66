import { passesLuhn, passesVerhoeff, weighted } from './checksums.ts';
import type { Detector } from './detector.ts';

/**
 * Numbers that a state knows a person by, each by its form, its date and its check digits as the issuer publishes them.
 * One detector a scheme: a column that holds one country's numbers passes that one alone, where numbers of any origin
 * would pass one of all these checks every third time.
 */
function scheme(
  label: string,
  chance: number,
  form: RegExp,
  passes: (characters: string) => boolean = () => true,
): Detector {
  return {
    finding: 'national_id',
    label,
    chance,
    enough: 0.8,
    matches: (value) => form.test(value) && passes(value.replace(/[ .\-/]/g, '').toUpperCase()),
  };
}

const digitsOf = (text: string) => [...text].map(Number);

/** The weights' sum modulo 11, as several countries use it: 10 has no digit, and counts as `ten`. */
function checkBy11(digits: string, weights: readonly number[], ten: number): number {
  const rest = 11 - (weighted(digits, weights) % 11);
  return rest === 11 ? 0 : rest === 10 ? ten : rest;
}

function isDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

const unitedStates = scheme('US social security numbers', 0, /^(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}$/);

const unitedKingdom = scheme(
  'UK national insurance numbers',
  0,
  /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]$/i,
);

/** ISO 7064 MOD 11,10; among the first ten digits exactly one comes twice or three times. */
const germany = scheme('German tax ids', 0.02, /^[1-9](?: ?\d){10}$/, (id) => {
  const counts = new Map<string, number>();
  for (const digit of id.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  if ([...counts.values()].filter((count) => count > 1).length !== 1) return false;
  let product = 10;
  for (const digit of digitsOf(id.slice(0, 10))) product = (((digit + product) % 10 || 10) * 2) % 11;
  return (11 - product) % 10 === Number(id[10]);
});

const france = scheme(
  'French social security numbers',
  0.001,
  /^[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d$/i,
  (id) => {
    const number = id.slice(0, 13).replace('2A', '19').replace('2B', '18');
    return 97 - (Number(number) % 97) === Number(id.slice(13));
  },
);

const spain = scheme('Spanish DNI and NIE numbers', 0.002, /^(?:\d{8}|[XYZ]-?\d{7})[ -]?[A-Z]$/i, (id) => {
  const number = Number(id.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter))));
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === id.at(-1);
});

const oddValues = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
const italy = scheme('Italian fiscal codes', 0, /^[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]$/i, (id) => {
  const placeOf = (character: string) => (/\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65);
  const sum = [...id.slice(0, 15)].reduce((total, character, index) => {
    const value = placeOf(character);
    return total + (index % 2 === 0 ? oddValues[value]! : value);
  }, 0);
  return sum % 26 === placeOf(id[15]!);
});

const netherlands = scheme(
  'Dutch citizen service numbers',
  0.09,
  /^\d{9}$/,
  (id) => /[1-9]/.test(id) && weighted(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
);

const belgium = scheme('Belgian national numbers', 0.01, /^\d\d[.-]?\d\d[.-]?\d\d[.-]?\d{3}[.-]?\d\d$/, (id) => {
  if (!isDay(Number(id.slice(2, 4)) % 20, Math.max(1, Number(id.slice(4, 6))))) return false;
  const rest = 97 - (Number(id.slice(0, 9)) % 97);
  const restFrom2000 = 97 - (Number(`2${id.slice(0, 9)}`) % 97);
  return [rest, restFrom2000].includes(Number(id.slice(9)));
});

const poland = scheme('Polish PESEL numbers', 0.02, /^\d{11}$/, (id) => {
  if (!isDay(Number(id.slice(2, 4)) % 20, Number(id.slice(4, 6)))) return false;
  return (10 - (weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === Number(id[10]);
});

const sweden = scheme('Swedish personal numbers', 0.01, /^(?:19|20)?\d{6}[-+]?\d{4}$/, (id) => {
  const number = id.replace('+', '').slice(-10);
  return isDay(Number(number.slice(2, 4)), Number(number.slice(4, 6)) % 60) && passesLuhn(number);
});

const denmark = scheme('Danish CPR numbers', 0.01, /^\d{6}-\d{4}$/, (id) =>
  isDay(Number(id.slice(2, 4)), Number(id.slice(0, 2))),
);

const finland = scheme('Finnish personal codes', 0, /^\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]$/i, (id) => {
  const digits = id.replace(/^(\d{6})[+A-FU-Y]/, '$1');
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(digits.slice(0, 9)) % 31] === digits[9];
});

const norway = scheme('Norwegian birth numbers', 0.004, /^\d{6} ?\d{5}$/, (id) => {
  if (!isDay(Number(id.slice(2, 4)) % 40, Number(id.slice(0, 2)) % 40)) return false;
  const first = checkBy11(id, [3, 7, 6, 1, 8, 9, 4, 5, 2], -1);
  const second = checkBy11(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2], -1);
  return first === Number(id[9]) && second === Number(id[10]);
});

const portugal = scheme(
  'Portuguese tax numbers',
  0.05,
  /^[1235689]\d{8}$/,
  (id) => checkBy11(id, [9, 8, 7, 6, 5, 4, 3, 2], 0) === Number(id[8]),
);

/** An EAN-13 of the country 756. */
const switzerland = scheme('Swiss AHV numbers', 0.001, /^756\.?\d{4}\.?\d{4}\.?\d\d$/, (id) => {
  const sum = weighted(id, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
  return (10 - (sum % 10)) % 10 === Number(id[12]);
});

const brazil = scheme('Brazilian CPF numbers', 0.01, /^\d{3}\.?\d{3}\.?\d{3}-?\d\d$/, (id) => {
  if (/^(\d)\1*$/.test(id)) return false;
  const first = checkBy11(id, [10, 9, 8, 7, 6, 5, 4, 3, 2], 0);
  const second = checkBy11(id, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2], 0);
  return first === Number(id[9]) && second === Number(id[10]);
});

const mexico = scheme(
  'Mexican CURP codes',
  0,
  /^[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d$/i,
  (id) => {
    const sum = [...id.slice(0, 17)].reduce(
      (total, character, index) => total + '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'.indexOf(character) * (18 - index),
      0,
    );
    return (10 - (sum % 10)) % 10 === Number(id[17]);
  },
);

const india = scheme('Indian Aadhaar numbers', 0.08, /^[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}$/, passesVerhoeff);

/** ISO 7064 MOD 11-2. */
const china = scheme('Chinese resident ids', 0.001, /^[1-9]\d{5}(?:19|20)\d{9}[\dX]$/i, (id) => {
  if (!isDay(Number(id.slice(10, 12)), Number(id.slice(12, 14)))) return false;
  return '10X98765432'[weighted(id, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === id[17];
});

/** The check digit fell away in October 2020, so date and century have to do. */
const korea = scheme('Korean resident numbers', 0, /^\d{6}-[1-8]\d{6}$/, (id) =>
  isDay(Number(id.slice(2, 4)), Number(id.slice(4, 6))),
);

const southAfrica = scheme(
  'South African ids',
  0.006,
  /^\d{6} ?\d{4} ?[01] ?[89]\d$|^\d{10}[01][89]\d$/,
  (id) => isDay(Number(id.slice(2, 4)), Number(id.slice(4, 6))) && passesLuhn(id),
);

const turkey = scheme('Turkish identity numbers', 0.01, /^[1-9]\d{10}$/, (id) => {
  const d = digitsOf(id);
  const odd = d[0]! + d[2]! + d[4]! + d[6]! + d[8]!;
  const even = d[1]! + d[3]! + d[5]! + d[7]!;
  const sum = d.slice(0, 10).reduce((total, digit) => total + digit, 0);
  return (((odd * 7 - even) % 10) + 10) % 10 === d[9] && sum % 10 === d[10];
});

const australia = scheme(
  'Australian tax file numbers',
  0.09,
  /^\d{3} ?\d{3} ?\d{3}$/,
  (id) => /[1-9]/.test(id) && weighted(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
);

/** ICAO Doc 9303, the first line. */
const machineReadable = scheme('machine-readable lines of passports', 0, /^P[A-Z<][A-Z]{3}[A-Z<]{30,39}$/);

export const nationalIds: readonly Detector[] = [
  unitedStates,
  unitedKingdom,
  germany,
  france,
  spain,
  italy,
  netherlands,
  belgium,
  poland,
  sweden,
  denmark,
  finland,
  norway,
  portugal,
  switzerland,
  brazil,
  mexico,
  india,
  china,
  korea,
  southAfrica,
  turkey,
  australia,
  machineReadable,
];
