/** National identification numbers: how to read them as digits of mixed radix, and to write them with valid check digits. */
export interface NationalId {
  /** Of the number without separators, in capitals. */
  pattern: RegExp;
  /** The digits that are free, each with how many values it takes; undefined where the number is none that is issued. */
  read: (id: string) => [digit: number, radix: number][] | undefined;
  /** Undefined where the digits make no valid number. */
  write: (digits: readonly number[], original: string) => string | undefined;
}

const pad = (value: number, length: number) => String(value).padStart(length, '0');
const decimals = (text: string): [number, number][] => [...text].map((digit) => [Number(digit), 10]);
const weighted = (text: string, weights: readonly number[]) =>
  weights.reduce((sum, weight, index) => sum + weight * Number(text[index]), 0);

/** Social Security Number: no area 000, 666 or 9xx, no group 00, no serial 0000 (SSA, POMS RM 10201.035). */
const us: NationalId = {
  pattern: /^\d{9}$/,
  read: (id) => {
    const [area, group, serial] = [Number(id.slice(0, 3)), Number(id.slice(3, 5)), Number(id.slice(5))];
    if (area === 0 || area === 666 || area >= 900 || group === 0 || serial === 0) return undefined;
    return [
      [area < 666 ? area - 1 : area - 2, 898],
      [group - 1, 99],
      [serial - 1, 9999],
    ];
  },
  write: ([area, group, serial]) =>
    pad(area! < 665 ? area! + 1 : area! + 2, 3) + pad(group! + 1, 2) + pad(serial! + 1, 4),
};

/** DNI: eight digits and a letter, the number modulo 23; NIE: X, Y or Z stands for 0, 1 or 2. */
const spanishLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const es: NationalId = {
  pattern: /^[0-9XYZ]\d{7}[A-Z]$/,
  read: (id) => {
    const foreign = 'XYZ'.indexOf(id[0]!);
    return foreign < 0 ? decimals(id.slice(0, 8)) : [[foreign, 3], ...decimals(id.slice(1, 8))];
  },
  write: (digits, original) => {
    const number = digits.join('');
    const first = /^[XYZ]/.test(original) ? 'XYZ'[digits[0]!]! : number[0]!;
    return first + number.slice(1) + spanishLetters[Number(number) % 23]!;
  },
};

/** NIR: sex, year, month, department and commune, order, and 97 less the number modulo 97; Corsica's 2A is 19, 2B is 18 there. */
const departments = [
  ...Array.from({ length: 95 }, (_, index) => pad(index + 1, 2)).filter((department) => department !== '20'),
  ...['2A', '2B', '97', '98', '99'],
];
const fr: NationalId = {
  pattern: /^[12]\d{2}(0[1-9]|1[0-2])(\d{2}|2[AB])\d{6}(\d{2})?$/,
  read: (id) => {
    const department = departments.indexOf(id.slice(5, 7));
    const [commune, order] = [Number(id.slice(7, 10)), Number(id.slice(10, 13))];
    if (department < 0 || commune === 0 || commune > 990 || order === 0) return undefined;
    return [
      [Number(id[0]) - 1, 2],
      [Number(id.slice(1, 3)), 100],
      [Number(id.slice(3, 5)) - 1, 12],
      [department, departments.length],
      [commune - 1, 990],
      [order - 1, 999],
    ];
  },
  write: ([sex, year, month, department, commune, order]) => {
    const id = `${sex! + 1}${pad(year!, 2)}${pad(month! + 1, 2)}${departments[department!]}${pad(commune! + 1, 3)}${pad(order! + 1, 3)}`;
    const number = BigInt(id.replace('2A', '19').replace('2B', '18'));
    return id + pad(97 - Number(number % 97n), 2);
  },
};

/** PESEL: birth date with the century in the month, serial, check digit by weights 1, 3, 7, 9. */
const days = 73_049; // 1900-01-01 to 2099-12-31
const first = Date.UTC(1900, 0, 1);
const pl: NationalId = {
  pattern: /^\d{11}$/,
  read: (id) => {
    const [year, month, day] = [Number(id.slice(0, 2)), Number(id.slice(2, 4)), Number(id.slice(4, 6))];
    if (month > 32 || month % 20 < 1 || month % 20 > 12) return undefined;
    const born = Date.UTC((month > 20 ? 2000 : 1900) + year, (month % 20) - 1, day);
    if (new Date(born).getUTCDate() !== day) return undefined;
    const index = (born - first) / 86_400_000;
    return [[index >> 8, Math.ceil(days / 256)], [index & 255, 256], ...decimals(id.slice(6, 10))];
  },
  write: ([high, low, ...serial]) => {
    const index = high! * 256 + low!;
    if (index >= days) return undefined;
    const born = new Date(first + index * 86_400_000);
    const year = born.getUTCFullYear();
    const month = born.getUTCMonth() + 1 + (year >= 2000 ? 20 : 0);
    const id = pad(year % 100, 2) + pad(month, 2) + pad(born.getUTCDate(), 2) + serial.join('');
    return id + ((10 - (weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10);
  },
};

/** BSN: nine digits by weights 9 to 2, the last by -1, divisible by 11. */
const nl: NationalId = {
  pattern: /^\d{9}$/,
  read: (id) => decimals(id.slice(0, 8)),
  write: (digits) => {
    const id = digits.join('');
    const check = weighted(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    return check === 10 ? undefined : id + check;
  },
};

/** CPF: nine digits and two check digits modulo 11. */
const br: NationalId = {
  pattern: /^\d{11}$/,
  read: (id) => decimals(id.slice(0, 9)),
  write: (digits) => {
    const check = (text: string) => {
      const sum = [...text].reduce((total, digit, index) => total + Number(digit) * (text.length + 1 - index), 0);
      return ((sum * 10) % 11) % 10;
    };
    const id = digits.join('');
    const one = id + check(id);
    return one + check(one);
  },
};

/** National Insurance number: two letters, six digits, A to D (HMRC, NIM39110). */
const firstLetters = 'ABCEGHJKLMNOPRSTWXYZ';
const secondLetters = 'ABCEGHJKLMNPRSTWXYZ';
const notIssued = new Set(['BG', 'GB', 'KN', 'NK', 'NT', 'TN', 'ZZ']);
const gb: NationalId = {
  pattern: /^[A-Z]{2}\d{6}[A-D]$/,
  read: (id) => {
    const [one, two] = [firstLetters.indexOf(id[0]!), secondLetters.indexOf(id[1]!)];
    if (one < 0 || two < 0 || notIssued.has(id.slice(0, 2))) return undefined;
    return [[one, 20], [two, 19], ['ABCD'.indexOf(id[8]!), 4], ...decimals(id.slice(2, 8))];
  },
  write: ([one, two, suffix, ...digits]) => {
    const prefix = firstLetters[one!]! + secondLetters[two!]!;
    return notIssued.has(prefix) ? undefined : prefix + digits.join('') + 'ABCD'[suffix!]!;
  },
};

export const nationalIds: Record<string, NationalId> = { br, es, fr, gb, nl, pl, us };
