import { passesLuhn, remainderBy97 } from './checksums.ts';
import type { Detector } from './detector.ts';

/** Payment cards and bank accounts. */

/** First digits and lengths of the large schemes (ISO/IEC 7812; the schemes' public BIN ranges). */
const cardForm = new RegExp(
  `^(?:${[
    '4(?:\\d{12}|\\d{15}|\\d{18})', // Visa
    '5[1-5]\\d{14}', // Mastercard
    '2(?:2[2-9]|[3-6]\\d|7[01])\\d{13}|2720\\d{12}', // Mastercard
    '220[0-4]\\d{12,15}', // Mir
    '3[47]\\d{13}', // American Express
    '3(?:0[0-5]|[689]\\d)\\d{11,16}', // Diners Club
    '35(?:2[89]|[3-8]\\d)\\d{12,15}', // JCB
    '6(?:011|5\\d\\d|4[4-9]\\d)\\d{12,15}', // Discover, RuPay
    '62\\d{14,17}', // UnionPay
    '(?:50|5[6-8]|6[37])\\d{10,17}', // Maestro
  ].join('|')})$`,
);

export const card: Detector = {
  finding: 'card',
  label: 'payment card numbers with a valid check digit',
  // A tenth of all numbers have a valid check digit, and a third of those the first digits of a card.
  chance: 0.05,
  enough: 0.7,
  matches: (value) => {
    if (!/^\d(?:[ -]?\d){11,18}$/.test(value)) return false;
    const digits = value.replace(/[ -]/g, '');
    return cardForm.test(digits) && !/^(\d)\1*$/.test(digits) && passesLuhn(digits);
  },
};

/** Characters in all, by country (ISO 13616, the registry of SWIFT). */
const ibanLengths: Record<string, number> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

export const iban: Detector = {
  finding: 'iban',
  label: 'IBANs with valid check digits',
  chance: 0,
  enough: 0.7,
  matches: (value) => {
    if (!/^[A-Z]{2}\d\d[A-Z0-9 -]{11,40}$/i.test(value)) return false;
    const account = value.replace(/[ -]/g, '').toUpperCase();
    if (account.length !== ibanLengths[account.slice(0, 2)]) return false;
    return remainderBy97(account.slice(4) + account.slice(0, 4)) === 1;
  },
};
