import type { Detector } from './detector.ts';

/** Where somebody can be reached. */

/** The last label of the domain is of letters, so that `package@1.2.3` is none. Lengths by RFC 5321. */
const address = /^[^\s@<>"(),:;[\]\\]{1,64}@(?:(?!-)[\p{L}\p{N}-]{1,63}\.){1,10}(?:\p{L}{2,63}|xn--[a-z0-9-]{1,59})$/iu;
const named = /<([^<>\s]+)>$/;

export const email: Detector = {
  finding: 'email',
  label: 'e-mail addresses',
  chance: 0,
  enough: 0.7,
  matches: (value) => address.test(named.exec(value)?.[1] ?? value.replace(/^mailto:/i, '')),
};

const phoneCharacters = /^[+(]?\d[\d ()./-]*\d(?: ?(?:x|ext\.?) ?\d{1,5})?$/i;
const northAmerican =
  /^(?:1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]?\d{4}(?: ?(?:x|ext\.?) ?\d{1,5})?$/i;
const isoDate = /^\d{4}[-./]\d{1,2}[-./]\d{1,2}/;
const dayFirst = /^\d{1,2}[-./]\d{1,2}[-./]\d{2,4}$/;

/** `+` or 00 and a country code, 7 to 15 digits in all (ITU-T E.164); or the North American plan, with its separators. */
export const internationalPhone: Detector = {
  finding: 'phone',
  label: 'phone numbers',
  chance: 0,
  enough: 0.7,
  matches: (value) => {
    if (northAmerican.test(value)) return true;
    if (!/^(?:\(?\+|00 ?)[1-9]/.test(value) || !phoneCharacters.test(value)) return false;
    const digits = value
      .replace(/ ?(?:x|ext).*$/i, '')
      .replace(/\D/g, '')
      .replace(/^00/, '').length;
    // Zero padded numbers without any separator are order numbers as well.
    return digits >= 7 && digits <= 15 && (value.includes('+') || /[ /-]/.test(value));
  },
};

/** A leading zero and 8 to 12 digits in all, in groups: `0151 2345678`, `06 12 34 56 78`, `(020) 7946 0958`. */
export const nationalPhone: Detector = {
  finding: 'phone',
  label: 'phone numbers of a national form',
  chance: 0.02,
  enough: 0.7,
  matches: (value) => {
    if (!/^\(?0[1-9]/.test(value) || !phoneCharacters.test(value) || !/[ ()/-]/.test(value)) return false;
    if (isoDate.test(value) || dayFirst.test(value)) return false;
    const digits = value.replace(/\D/g, '').length;
    return digits >= 8 && digits <= 12;
  },
};

/** Enough beside a name that says phone; a zero padded number by itself. */
export const bareNationalPhone: Detector = {
  finding: 'phone',
  label: 'digits as in phone numbers',
  chance: 0.5,
  enough: 0.7,
  matches: (value) =>
    /^[\d ()./-]{7,20}$/.test(value) &&
    /^\(?0?[1-9](?:[ ()./-]*\d){6,12}$/.test(value) &&
    !isoDate.test(value) &&
    !dayFirst.test(value),
};

export const url: Detector = {
  finding: 'url',
  label: 'URLs',
  chance: 0,
  enough: 0.7,
  matches: (value) => /^(?:https?|ftps?|wss?|s3|gs):\/\/[^\s/]+/i.test(value) || /^www\.[^\s/.]+\.[^\s/]+/i.test(value),
};

export const handle: Detector = {
  finding: 'username',
  label: 'user names with an @ in front',
  chance: 0.01,
  enough: 0.7,
  matches: (value) => /^@[a-z0-9_.]{2,30}$/i.test(value),
};
