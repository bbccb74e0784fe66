import type { Strength } from './strength.ts';
import type { Words } from './words.ts';

/**
 * What a technique makes of values, as far as the audit has to know it. `words`: out of a vocabulary, where somebody's
 * name may be; `shape`: like the original, letter for letter, so that it may be somebody else's original.
 */
export type Family = 'words' | 'shape' | 'url' | 'constant';

/** How a technique's originals are judged. */
export interface Judgement {
  /** Which originals are searched everywhere: those it is true of. Others are below the entropy floor. */
  searches(strength: Strength, words: number, hasAt: boolean): boolean;
  /** Chance at most that a value is masked with itself, beside that of drawing the same characters again. */
  chance: number;
  /** How many times likelier the same characters are drawn again, because some are left as they are: a country's code. */
  keeps?: number;
  /** Not even a single character is masked with itself. */
  neverStays?: boolean;
  /**
   * How many times likelier it is that somebody else's value is made, because some characters are not drawn: country code,
   * check digits, the month and day in a national id.
   */
  shares?: number;
  /** The chance that a value which is made is this original, where that is not of the same characters being drawn. */
  drawn?(words: Words): number;
  /** What it makes. */
  makes?: Family;
  /** An original that masking makes of another one, as often as chance does, is no leak where that other one is masked. */
  mayCoincide?: Family;
  /** Values that are said many times are searched, too: they are somebody's, not the application's. */
  evenIfRepeated?: boolean;
  /** Sentences, of which long ones are found as wholes only. */
  isProse?: boolean;
  /** Originals that masking may have made of another one have no digits. */
  coincidesInLetters?: boolean;
  /** What begins with this byte is no part of the value. */
  until?: number;
  /** Of digits alone: where their groups end is part of the value. */
  inGroups?: boolean;
  /** People write it in other groups of letters and digits: `DE89 3704 0044…`, a UUID without hyphens. */
  regrouped?: boolean;
  /** Not searched, and why. */
  perRow?: string;
}

const never = () => false;
const isMail = (strength: Strength, hasAt: boolean) => hasAt && strength.bits >= 12;

function perRow(why: string, chance: number, makes?: Family): Judgement {
  return { searches: never, chance, perRow: why, ...(makes ? { makes } : {}) };
}

/** A single first or last name is a word of every vocabulary; two of them are a person, and so are three ideographs. */
function names(chance: number, leastIdeographs = 4): Judgement {
  return {
    searches: ({ bits, letters, ideographs }, words) =>
      words >= 2 && (letters >= 4 || ideographs >= leastIdeographs) && bits >= 14,
    chance,
    makes: 'words',
    mayCoincide: 'words',
  };
}

/** Nine digits (29 bits): shorter numbers are met by chance. */
const shaped: Judgement = {
  searches: ({ bits }, _words, hasAt) => bits >= 29 || (hasAt && bits >= 12),
  chance: 0,
  keeps: 100,
  makes: 'shape',
  mayCoincide: 'shape',
};

/** Also what nobody has described here: a technique that is not in the table is judged most strictly. */
export const strict: Judgement = {
  searches: (strength, words, hasAt) =>
    isMail(strength, hasAt) || (strength.bits >= 32 && (words >= 2 || strength.digits >= 2)),
  chance: 0,
  isProse: true,
};
const identifying: Judgement = { ...strict, isProse: false };

/** All that masking makes of IPv4 is in 10.0.0.0/8; in fd00::/8 nothing is met by chance. */
function drawnAddress({ count, numbers, text, starts, ends }: Words): number {
  const isTen =
    numbers[0] === 1 && ends[0]! - starts[0]! === 2 && text[starts[0]!] === 0x31 && text[starts[0]! + 1] === 0x30;
  return isTen && count >= 4 ? 2 ** -24 : 0;
}

const dictionary = 'comes from a dictionary';
const randomised = 'is generalised or randomised: originals are ordinary values, or drawn again by design';
const computed = 'is computed anew from other masked columns';
const shuffled = 'is shuffled: every original is in the result by design';

export const judgements: Record<string, Judgement> = {
  full_name: { ...names(1e-3, 3), evenIfRepeated: true },
  company: names(5e-3),
  street: names(1e-3),
  first_name: perRow(dictionary, 0.05, 'words'),
  last_name: perRow(dictionary, 0.05, 'words'),
  city: perRow(dictionary, 0.05, 'words'),
  country: perRow(dictionary, 0.05, 'words'),
  email: {
    searches: (strength, words, hasAt) => isMail(strength, hasAt) || strict.searches(strength, words, false),
    chance: 0,
    makes: 'words',
    evenIfRepeated: true,
  },
  username: {
    searches: ({ bits, digits }, words, hasAt) => (hasAt && bits >= 12) || (bits >= 20 && (digits > 0 || words >= 2)),
    chance: 0,
    makes: 'words',
    mayCoincide: 'words',
    // What it makes of adjectives and animals, or of names, goes on with characters that are drawn.
    coincidesInLetters: true,
    evenIfRepeated: true,
  },
  phone: { ...shaped, shares: 100, evenIfRepeated: true },
  card: { ...shaped, shares: 100, evenIfRepeated: true },
  // Two letters and two digits.
  iban: { ...shaped, shares: 16 * 16 * 100, evenIfRepeated: true, regrouped: true },
  national_id: { ...shaped, shares: 1000, evenIfRepeated: true, regrouped: true },
  postcode: perRow(randomised, 0, 'shape'),
  // Whole numbers of ten digits that an integer holds are drawn among a ninth of all.
  token: { ...identifying, shares: 10, makes: 'shape', mayCoincide: 'shape' },
  uuid: { searches: ({ bits }) => bits >= 60, chance: 0, makes: 'shape', evenIfRepeated: true, regrouped: true },
  ip: {
    // IPv6 has groups that are left out: `2a02:1001::1`.
    searches: ({ bits, letters }, words) => words >= (letters > 0 ? 3 : 4) && bits >= 26,
    // The length of a network's prefix, which the address has elsewhere without.
    until: 0x2f,
    inGroups: true,
    chance: 1e-6,
    drawn: drawnAddress,
    makes: 'shape',
    mayCoincide: 'shape',
  },
  url: { ...identifying, searches: ({ bits }, words) => words >= 3 && bits >= 30, makes: 'url', mayCoincide: 'url' },
  mac: { ...identifying, makes: 'shape', mayCoincide: 'shape', inGroups: true, regrouped: true },
  text: strict,
  bytes: strict,
  json: strict,
  hstore: strict,
  composite: strict,
  null: strict,
  password: { ...strict, makes: 'constant', mayCoincide: 'constant' },
  constant: { ...strict, makes: 'constant', mayCoincide: 'constant' },
  date: perRow(randomised, 0.01),
  number: perRow(randomised, 0.01),
  generalise: perRow(randomised, 1),
  randomise: perRow(randomised, 1),
  // One cycle through all of them.
  shuffle: { ...perRow(shuffled, 0), neverStays: true },
  rebuild: perRow(computed, 1),
};

export function judgementOf(technique: string): Judgement {
  return Object.hasOwn(judgements, technique) ? judgements[technique]! : strict;
}
