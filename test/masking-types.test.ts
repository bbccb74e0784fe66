import assert from 'node:assert/strict';
import { argon2Sync, createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { compareSync } from 'bcryptjs';
import { Problem } from '../services/errors.ts';
import { dictionaries } from '../services/masking/dictionaries.ts';
import { createPermutation } from '../services/masking/keyed/permutation.ts';
import type { MaskRule, Place } from '../services/masking/kind.ts';
import { createMaterials } from '../services/masking/materials.ts';
import type { PlannedColumn } from '../services/masking/plan/plan.ts';
import { type Pool, shuffled } from '../services/masking/plan/pools.ts';
import { createSink } from '../services/masking/rows/sink.ts';
import { createTableMask } from '../services/masking/rows/table.ts';
import { Unmaskable } from '../services/masking/values/unmaskable.ts';
import { key, masking, otherKey } from './support/masking.ts';

/** Numbers below `limit`, the same in each run. */
function createRandom(seed: string): (limit: number) => number {
  let counter = 0;
  return (limit) => createHash('sha256').update(`${seed}${counter++}`).digest().readUInt32BE() % limit;
}

const many = 2000;
const digitsOf = (count: number, random: (limit: number) => number) =>
  Array.from({ length: count }, () => random(10)).join('');
const pad = (value: number, length: number) => String(value).padStart(length, '0');

/** Each of many originals: the same again, another under another key, and never what it was; different ones stay so. */
function assertMasks(
  rule: MaskRule,
  place: Partial<Place>,
  originals: Iterable<string>,
  check: (masked: string, original: string) => void,
) {
  const [mask, again, other] = [masking(rule, place), masking(rule, place), masking(rule, place, otherKey)];
  const values = new Map<string, string>();
  let differing = 0;
  for (const original of originals) {
    const masked = mask(original);
    assert.equal(again(original), masked);
    assert.notEqual(masked, original);
    if (other(original) !== masked) differing++;
    assert.equal(values.get(masked) ?? original, original, 'two originals came out the same');
    values.set(masked, original);
    check(masked, original);
  }
  assert.ok(differing > values.size * 0.9, `${differing} of ${values.size} differ under another key`);
}

describe('permutations', () => {
  test('of few values: each comes out once, and none stays what it was', () => {
    for (const radices of [[2], [10], [26, 10], [2, 2, 2, 2, 2], [10, 10, 10, 10], [7, 300, 3]]) {
      for (const one of [key, otherKey]) {
        const permutation = createPermutation(one);
        const size = radices.reduce((product, radix) => product * radix, 1);
        const seen = new Set<string>();
        for (let value = 0; value < size; value++) {
          let rest = value;
          radices.forEach((radix, index) => {
            permutation.digits[index] = rest % radix;
            permutation.radices[index] = radix;
            rest = Math.floor(rest / radix);
          });
          const before = permutation.digits.subarray(0, radices.length).join();
          permutation.run(radices.length);
          const after = permutation.digits.subarray(0, radices.length).join();
          assert.notEqual(after, before);
          seen.add(after);
        }
        assert.equal(seen.size, size);
      }
    }
  });
});

describe('letters of any script', () => {
  const scripts = ['äöüß', 'łśżć', 'ΑΒΓ', 'αβγ', 'ДЖЩ', 'джщ', 'אבג', 'سلم', 'ひらが', 'カタナ', '漢字山', '한국어'];
  const token = masking({ mask: 'token' });

  test('become letters of the same script and case, and different ones stay different', () => {
    for (const script of scripts) {
      const letters = [...script];
      const words = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => `${a}${b}-${c}7`)));
      const masked = words.map(token);
      assert.equal(new Set(masked).size, words.length, script);
      masked.forEach((word, index) => {
        assert.notEqual(word, words[index]);
        assert.match(word, /^\p{L}\p{L}-\p{L}\d$/u);
        assert.equal(Buffer.byteLength(word), Buffer.byteLength(words[index]!));
        assert.equal(word === word.toLowerCase(), words[index] === words[index]!.toLowerCase(), word);
      });
    }
    assert.match(token('Köln'), /^[A-Z][à-öø-ÿß][a-z]{2}$/);
  });

  test('every letter of a class comes out once', () => {
    const lower = Array.from({ length: 32 }, (_, index) => String.fromCodePoint(0x430 + index));
    const values = new Set(lower.flatMap((a) => lower.map((b) => token(a + b))));
    assert.equal(values.size, 1024);
  });

  test('short codes of any script stay different: letters, the vowels on them, numbers; signs stay', () => {
    const alike = [
      ['कखगघचछज', 'ािीुू'],
      ['กขคงจฉช', 'ัิ่้'],
      ['აბგდ', 'ევზთ'],
      ['ªº', '²½'],
      ['№€–', '123'],
    ];
    for (const [first, second] of alike) {
      const codes = [...first!].flatMap((a) => [...second!].map((b) => a + b));
      const masked = codes.map(token);
      assert.equal(new Set(masked).size, codes.length, codes.join(' '));
      masked.forEach((code, index) => {
        assert.notEqual(code, codes[index]);
        assert.equal(Buffer.byteLength(code), Buffer.byteLength(codes[index]!));
      });
    }
    assert.match(token('№7'), /^№\d$/);
    for (let codePoint = 0xa0; codePoint < 0xd800; codePoint++) {
      const character = String.fromCodePoint(codePoint);
      assert.equal(token(character) === character, !/[\p{L}\p{M}\p{N}]/u.test(character), character);
    }
  });

  test('of one character, by the key', () => {
    const keys = Array.from({ length: 20 }, (_, index) => Buffer.alloc(32, index + 1));
    assert.ok(new Set(keys.map((one) => masking({ mask: 'token' }, {}, one)('5'))).size > 4);
  });

  test('of a database in another encoding, and signs and emoji: letters in ASCII', () => {
    const mask = createMaterials(key, dictionaries(), new Map(), 'LATIN2').mask({ mask: 'token' }, textPlace);
    const sink = createSink(16);
    const bytes = Buffer.from('Łódź 7');
    mask(bytes, 0, bytes.length, sink);
    assert.match(sink.bytes.toString('utf8', 0, sink.at), /^[a-z]{4} \d$/);
    assert.match(token('7 € 🙂'), /^\d [a-z] [a-z]$/);
  });
});

describe('mac', () => {
  test('is locally administered where a vendor gave it, and written as the original was', () => {
    const random = createRandom('mac');
    const separators = [':', '-'];
    const originals = Array.from({ length: many }, (_, index) => {
      const separator = separators[index % 2]!;
      const bytes = Array.from({ length: index % 3 === 0 ? 8 : 6 }, () => random(256));
      const text = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(separator);
      return separator === '-' ? text.toUpperCase() : text;
    });
    assertMasks({ mask: 'mac' }, { family: 'macaddr' }, originals, (masked, original) => {
      assert.equal(masked.replace(/[0-9a-f]/gi, 'x'), original.replace(/[0-9a-f]/gi, 'x'));
      const [before, after] = [original, masked].map((one) => Number.parseInt(one.slice(0, 2), 16) & 0b11);
      assert.equal(after, before! ^ 0b10);
      assert.equal(/[a-f]/.test(masked) && /[A-F]/.test(masked), false);
    });
    assert.match(
      masking({ mask: 'mac' }, { family: 'text' })('0800.2b01.0203'),
      /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/,
    );
  });
});

describe('mac addresses that differ in flags alone', () => {
  test('stay different', () => {
    const mask = masking({ mask: 'mac' }, { family: 'macaddr' });
    const values = ['08', '09', '0a', '0b'].map((first) => mask(`${first}:00:2b:01:02:03`));
    assert.equal(new Set(values).size, 4);
  });
});

describe('token of whole numbers', () => {
  const integer = (type: string): Partial<Place> => ({ family: 'integer', type });
  const bits = (value: bigint) => [16, 32, 64].find((size) => BigInt.asIntN(size, value) === value);

  test('of up to five digits: each comes out once, none stays, with its sign, digits and smallest type', () => {
    for (const type of ['int2', 'int4', 'int8']) {
      const most = type === 'int2' ? 32_768 : 99_999;
      const originals = Array.from({ length: 2 * most }, (_, index) => String(index - most)).filter(
        (one) => one !== '0',
      );
      assertMasks({ mask: 'token' }, integer(type), originals, (masked, original) => {
        assert.match(masked, /^-?[1-9]\d*$/);
        assert.equal(masked.length, original.length);
        assert.equal(masked[0] === '-', original[0] === '-');
        assert.equal(bits(BigInt(masked)), bits(BigInt(original)));
      });
    }
    assert.equal(masking({ mask: 'token' }, integer('int4'))('0'), '0');
  });

  test('at the ends of types, and of numeric keys: alike in every type, so that an integer finds a bigint', () => {
    const ends = [32767n, 2147483647n, 9223372036854775807n, 10n ** 10n, 10n ** 19n, 10n ** 38n - 1n];
    const around = ends.flatMap((end) => Array.from({ length: 200 }, (_, index) => end + 100n - BigInt(index)));
    const values = around.flatMap((one) => [one, -one]).filter((one) => String(one).replace('-', '').length <= 38);
    const numeric: Partial<Place> = { family: 'decimal', type: 'numeric', precision: 38, scale: 0 };
    const types = Object.entries({ int2: 16, int4: 32, int8: 64 }).map(([type, size]) => ({
      size,
      mask: masking({ mask: 'token' }, integer(type)),
    }));
    assertMasks({ mask: 'token' }, numeric, values.map(String), (masked, original) => {
      assert.equal(masked.length, original.length);
      assert.equal(bits(BigInt(masked)), bits(BigInt(original)), original);
      for (const { size, mask } of types)
        if (BigInt.asIntN(size, BigInt(original)) === BigInt(original)) assert.equal(mask(original), masked);
    });
  });

  test('is for whole numbers written as Postgres prints them', () => {
    const mask = masking({ mask: 'token' }, integer('int4'));
    for (const value of ['007', '+5', '1_000', '0x1F', '-0', '12.5', 'Anna'])
      assert.throws(() => mask(value), Unmaskable, value);
    assert.equal(
      masking({ mask: 'token' }, { family: 'decimal', type: 'numeric', precision: 5, scale: 0 })('NaN'),
      'NaN',
    );
  });
});

describe('national ids', () => {
  const random = createRandom('ids');
  const mod = (text: string, weights: number[]) =>
    weights.reduce((sum, weight, index) => sum + weight * Number(text[index]), 0);
  const bsn = (id: string) => /^\d{9}$/.test(id) && mod(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
  const cpf = (id: string) => {
    const check = (length: number) => {
      const rest =
        (mod(
          id,
          Array.from({ length }, (_, index) => length + 1 - index),
        ) *
          10) %
        11;
      return Number(id[length]) === rest % 10;
    };
    return /^\d{11}$/.test(id) && check(9) && check(10);
  };
  const peselDate = (id: string) => {
    const month = Number(id.slice(2, 4));
    const date = new Date(
      Date.UTC((month > 20 ? 2000 : 1900) + Number(id.slice(0, 2)), (month % 20) - 1, Number(id.slice(4, 6))),
    );
    return date.getUTCDate() === Number(id.slice(4, 6)) && date.getUTCMonth() === (month % 20) - 1;
  };
  const valid: Record<string, (id: string) => boolean> = {
    us: (id) => /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/.test(id),
    es: (id) => {
      const number = Number(id.slice(0, 8).replace('X', '0').replace('Y', '1').replace('Z', '2'));
      return /^[0-9XYZ]\d{7}[A-Z]$/.test(id) && 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === id[8];
    },
    fr: (id) => {
      const plain = id.replaceAll(' ', '').replace('2A', '19').replace('2B', '18');
      return (
        /^[12]\d\d(0[1-9]|1[0-2])\d{10}$/.test(plain) &&
        97n - (BigInt(plain.slice(0, 13)) % 97n) === BigInt(plain.slice(13))
      );
    },
    pl: (id) => /^\d{11}$/.test(id) && peselDate(id) && mod(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
    nl: bsn,
    br: (id) => /^\d{3}\.\d{3}\.\d{3}-\d\d$/.test(id) && cpf(id.replace(/\D/g, '')),
    gb: (id) => /^(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z]\d{6}[A-D]$/.test(id),
  };
  const letters = (text: string) => text[random(text.length)]!;
  const made: Record<string, () => string> = {
    us: () => `${pad(1 + random(665), 3)}-${pad(1 + random(99), 2)}-${pad(1 + random(9999), 4)}`,
    es: () => {
      const first = letters('0123456789XYZ');
      const rest = digitsOf(7, random);
      const number = Number(`${'XYZ'.includes(first) ? 'XYZ'.indexOf(first) : first}${rest}`);
      return first + rest + 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23];
    },
    fr: () => {
      const id = `${1 + random(2)}${pad(random(100), 2)}${pad(1 + random(12), 2)}${letters('012345678')}${1 + random(9)}${pad(1 + random(990), 3)}${pad(1 + random(999), 3)}`;
      const text = `${id}${pad(97 - Number(BigInt(id) % 97n), 2)}`;
      return `${text[0]} ${text.slice(1, 3)} ${text.slice(3, 5)} ${text.slice(5, 7)} ${text.slice(7, 10)} ${text.slice(10, 13)} ${text.slice(13)}`;
    },
    pl: () => {
      const id = `${pad(random(100), 2)}${pad(1 + random(12) + 20 * random(2), 2)}${pad(1 + random(28), 2)}${digitsOf(4, random)}`;
      return id + ((10 - (mod(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10);
    },
    nl: () => {
      for (;;) {
        const id = digitsOf(9, random);
        if (bsn(id)) return id;
      }
    },
    br: () => {
      const id = digitsOf(9, random);
      const check = (text: string) =>
        ((mod(
          text,
          Array.from(text, (_, index) => text.length + 1 - index),
        ) *
          10) %
          11) %
        10;
      const all = id + check(id) + check(id + check(id));
      return `${all.slice(0, 3)}.${all.slice(3, 6)}.${all.slice(6, 9)}-${all.slice(9)}`;
    },
    gb: () => `${letters('ACEHJLMPRSTWXYZ')}${letters('ACEHJLMPRSWXY')}${digitsOf(6, random)}${letters('ABCD')}`,
  };
  for (const [country, one] of Object.entries(made)) {
    test(`${country}: valid ones give valid ones, each another, no two the same`, () => {
      const originals = new Set(Array.from({ length: many }, one));
      assertMasks({ mask: 'national_id', country }, { family: 'text' }, originals, (masked, original) => {
        assert.ok(valid[country]!(original), 'the test makes valid ones');
        assert.ok(valid[country]!(masked), `one of ${country} is not valid`);
        assert.equal(masked.length, original.length);
      });
    });
  }

  test('what is none, and other countries’, keep their shape', () => {
    assert.match(masking({ mask: 'national_id', country: 'us' })('no number 7'), /^[a-z]{2} [a-z]{6} \d$/);
    const pesel = masking({ mask: 'national_id', country: 'pl' });
    assert.match(pesel('99999999999'), /^\d{11}$/);
    const wrong = Array.from({ length: 10 }, (_, digit) => pesel(`4405140135${digit}`));
    assert.equal(new Set(wrong).size, 10, 'those that differ in their check digit alone stay different');
    assert.match(masking({ mask: 'national_id' })('AB-12'), /^[A-Z]{2}-\d\d$/);
    assert.match(masking({ mask: 'national_id', country: 'es' })('x1234567l'), /^[xyz]\d{7}[a-z]$/);
  });
});

describe('bytes and bits', () => {
  test('have the original’s length, and different ones stay different', () => {
    const random = createRandom('bytes');
    const originals = new Set(Array.from({ length: many }, () => `\\x${digitsOf(8 + 2 * random(40), random)}`));
    assertMasks({ mask: 'bytes' }, { family: 'bytea' }, originals, (masked, original) => {
      assert.match(masked, /^\\x[0-9a-f]+$/);
      assert.equal(masked.length, original.length);
    });
    const bits = new Set(
      Array.from({ length: 200 }, () =>
        random(2 ** 20)
          .toString(2)
          .padStart(20 + random(30), '0'),
      ),
    );
    for (const long of ['1'.repeat(129), '0'.repeat(4000)]) bits.add(long);
    assertMasks({ mask: 'bytes' }, { family: 'bits' }, bits, (masked, original) => {
      assert.match(masked, /^[01]+$/);
      assert.equal(masked.length, original.length);
    });
  });

  test('bytes that are printed escaped, as older applications have set it, are masked as the same in hexadecimal', () => {
    const mask = masking({ mask: 'bytes' }, { family: 'bytea' });
    const bytes = Buffer.from('Anna \\x Schmidt\0\xff', 'latin1');
    const escaped = 'Anna \\\\x Schmidt\\000\\377';
    assert.equal(mask(escaped), mask(`\\x${bytes.toString('hex')}`));
    assert.match(mask(escaped), /^\\x[0-9a-f]{34}$/);
    assert.throws(() => mask('Anna\\9'), Unmaskable);
  });

  test('of ten bits, all 1024 come out once', () => {
    const mask = masking({ mask: 'bytes' }, { family: 'bits' });
    const values = new Set(Array.from({ length: 1024 }, (_, value) => mask(value.toString(2).padStart(10, '0'))));
    assert.equal(values.size, 1024);
  });
});

describe('number', () => {
  const near = (
    place: Partial<Place>,
    rule: object,
    originals: string[],
    check: (masked: string, original: string) => void,
  ) => {
    const mask = masking({ mask: 'number', ...rule }, place);
    for (const original of originals) {
      const masked = mask(original);
      assert.equal(mask(original), masked);
      assert.notEqual(masked, original);
      check(masked, original);
    }
  };
  const random = createRandom('number');
  const amounts = Array.from({ length: many }, () => `${random(2) ? '-' : ''}${random(10_000)}.${pad(random(100), 2)}`);

  test('by an amount: within it, with the original’s decimals, zero too', () => {
    near(
      { family: 'decimal', type: 'numeric' },
      { amount: 12.5 },
      [...amounts, '0.00', '-0.01'],
      (masked, original) => {
        assert.ok(Math.abs(Number(masked) - Number(original)) <= 12.5 + 1e-9);
        assert.match(masked, /^-?\d+\.\d\d$/);
      },
    );
  });

  test('within `min` and `max`, wherever the original lies', () => {
    const bounded = { amount: 50, min: 18, max: 99 };
    near(
      { family: 'integer', type: 'int2' },
      bounded,
      ['18', '19', '60', '98', '99', '17', '150', '-32768', '32767'],
      (masked) => {
        assert.ok(Number(masked) >= 18 && Number(masked) <= 99, masked);
      },
    );
    near(
      { family: 'decimal', type: 'numeric' },
      { noise: 0.5, min: 0.05, max: 1.5 },
      ['0.05', '1.50', '0.04', '9.99'],
      (masked) => {
        assert.ok(Number(masked) >= 0.05 && Number(masked) <= 1.5, masked);
      },
    );
  });

  test('of a negative scale: by whole units of it, within what they come to', () => {
    const thousands: Partial<Place> = { family: 'decimal', type: 'numeric', precision: 9, scale: -3 };
    const originals = ['1000', '-7000', '12000', '999999999000', '123456000'];
    for (const rule of [{}, { noise: 1 }, { amount: 500 }, { amount: 20_000, min: -8500, max: 999_999_999_999 }])
      near(thousands, rule, originals, (masked) => {
        assert.match(masked, /^(0|-?[1-9]\d*000)$/);
        assert.ok(Math.abs(Number(masked)) < 1e12, masked);
        if (rule.min !== undefined) assert.ok(Number(masked) >= -8000, masked);
      });
    const drawn = masking({ mask: 'randomise', from: 500, to: 2999 }, thousands);
    assert.deepEqual(
      new Set(Array.from({ length: 200 }, (_, index) => drawn(`${index}000`))),
      new Set(['0', '1000', '2000']),
    );
  });

  test('within what the type holds, at both of its ends', () => {
    const ends: [string, string, string][] = [
      ['int2', '-32768', '32767'],
      ['int4', '-2147483648', '2147483647'],
      ['int8', '-9223372036854775808', '9223372036854775807'],
    ];
    for (const [type, least, most] of ends) {
      for (const rule of [{ amount: 1_000_000 }, { noise: 1 }, { noise: 0.001 }]) {
        near({ family: 'integer', type }, rule, [least, most, String(BigInt(most) - 1n)], (masked) => {
          assert.ok(BigInt(masked) >= BigInt(least) && BigInt(masked) <= BigInt(most), `${type} ${masked}`);
        });
      }
    }
    near(
      { family: 'decimal', type: 'numeric', precision: 4, scale: 2 },
      { amount: 500 },
      ['99.99', '-99.99', '0.00'],
      (masked) => {
        assert.ok(Math.abs(Number(masked)) <= 99.99);
      },
    );
  });

  test('money, floats in other forms, and what is no number', () => {
    assert.match(masking({ mask: 'number' }, { family: 'money', type: 'money' })('-$1,234.56'), /^-1\d{3}\.\d\d$/);
    const float = masking({ mask: 'number', amount: 5 }, { family: 'decimal', type: 'float8' });
    assert.equal(float('NaN'), 'NaN');
    assert.equal(float('-Infinity'), '-Infinity');
    assert.ok(Number.isFinite(Number(float('1e+30'))));
    assert.equal(float('a name'), '0');
  });
});

describe('ranges', () => {
  const random = createRandom('ranges');
  const parse = (literal: string) => /^([[(])"?([^",]*)"?,"?([^",]*)"?([\])])$/.exec(literal)!;

  test('of integers: in order, never empty, brackets and missing bounds as they were', () => {
    const mask = masking({ mask: 'number', noise: 0.5 }, { family: 'integer', type: 'int4', isRange: true });
    for (let index = 0; index < many; index++) {
      const lower = random(100) - 50;
      const original = `[${lower},${lower + 1 + random(3)})`;
      const masked = mask(original);
      const [, open, from, to, close] = parse(masked);
      assert.equal(open! + close!, '[)');
      assert.ok(Number(from) < Number(to), `${original} gave ${masked}`);
      assert.equal(mask(original), masked);
    }
    assert.equal(mask('empty'), 'empty');
    assert.equal(mask('(,)'), '(,)');
    assert.match(mask('[5,)'), /^\["\d+",\)$/);
    const [, , from, to] = parse(mask('[2147483646,2147483647)'));
    assert.ok(Number(from) < Number(to) && Number(to) <= 2147483647);
  });

  test('of dates and times: each bound moves, order stays, infinity stays', () => {
    const mask = masking({ mask: 'date', days: 400 }, { family: 'date', type: 'date', isRange: true });
    for (let index = 0; index < many; index++) {
      const lower = new Date(Date.UTC(2000, 0, 1 + random(9000)));
      const upper = new Date(lower.getTime() + 86_400_000 * (1 + random(30)));
      const masked = mask(`[${lower.toISOString().slice(0, 10)},${upper.toISOString().slice(0, 10)})`);
      const [, , from, to] = parse(masked);
      assert.ok(from! < to!, masked);
    }
    assert.match(mask('[2020-01-01,infinity)'), /^\["20\d\d-\d\d-\d\d","infinity"\)$/);
    const times = masking(
      { mask: 'date', per: 'snapshot' },
      { family: 'timestamp', type: 'timestamptz', isRange: true },
    );
    const [, , from, to] = parse(times('["2024-02-01 10:00:00.5+00","2024-02-01 12:30:00+00")'));
    assert.equal(Date.parse(`${to}:00`) - Date.parse(`${from}:00`), 8_999_500);
  });

  test('dates before Christ stay in order', () => {
    const mask = masking({ mask: 'date' }, { family: 'date', type: 'date', isRange: true });
    const [, , from, to] = parse(mask('["0044-03-15 BC","0001-01-05 BC"]'));
    assert.match(from!, /^004[345]-\d\d-\d\d BC$/);
    assert.match(to!, /^000[12]-\d\d-\d\d( BC)?$/);
    assert.match(mask('[0003-02-01 BC,0050-01-01]'), /^\["000[234]-\d\d-\d\d BC","00(49|50)-\d\d-\d\d"\]$/);
  });

  test('a point stays a point; multiranges and arrays of ranges are masked within', () => {
    const decimals = masking({ mask: 'number' }, { family: 'decimal', type: 'numeric', isRange: true });
    const [, , from, to] = parse(decimals('[5.5,5.5]'));
    assert.equal(from, to);
    assert.notEqual(from, '5.5');
    const several = masking({ mask: 'number' }, { family: 'integer', type: 'int4', isRange: true });
    assert.match(several('{[100,300),[5000,)}'), /^\{\["\d+","\d+"\),\["\d+",\)\}$/);
    assert.equal(several('{}'), '{}');
    const array = masking({ mask: 'number' }, { family: 'integer', type: 'int4', isRange: true, isArray: true });
    assert.match(array('{"[100,300)",NULL,empty}'), /^\{"\[\\"\d+\\",\\"\d+\\"\)",NULL,"empty"\}$/);
  });
});

const textPlace: Place = { family: 'text', type: 'text', unique: false };

describe('composite', () => {
  const fields = [
    { name: 'name', isArray: false, place: textPlace },
    { name: 'mails', isArray: true, place: textPlace },
    { name: 'since', isArray: false, place: { family: 'date', type: 'date', unique: false } as Place },
    { name: 'note', isArray: false, place: textPlace },
    { name: 'kind', isArray: false, place: textPlace },
  ];
  const rules = { name: 'full_name', mails: 'email', since: { mask: 'date' }, note: 'null', kind: { keep: 'public' } };
  const mask = masking({ mask: 'composite', fields: rules }, { family: 'composite', fields });

  test('each field by its rule, as in a column of its own; NULL and empty fields stay', () => {
    const masked = mask('("Anna ""A"" Schmidt","{a@b.de,NULL}",1980-02-03,secret,"x,y")');
    const name = masking({ mask: 'full_name' })('Anna "A" Schmidt');
    const mail = masking({ mask: 'email' })('a@b.de');
    const since = masking({ mask: 'date' }, { family: 'date' })('1980-02-03');
    assert.equal(masked, `("${name}","{""${mail}"",NULL}","${since}",,"x,y")`);
    assert.equal(mask('(,,,,)'), '(,,,,)');
    assert.equal(mask('("",{},,,"back\\\\slash")'), '("","{}",,,"back\\\\slash")');
  });

  test('a value with other fields than its type’s, or in a form that Postgres does not print, stops the copy', () => {
    for (const value of ['(a,b)', '(a"b",,,,)', '("a"b,,,,)']) assert.throws(() => mask(value), Unmaskable, value);
  });
});

describe('hstore', () => {
  const mask = masking({ mask: 'hstore', fields: { mail: 'email', plan: { keep: 'public' }, gone: 'null' } });

  test('values by key; without a rule neither value nor key is left', () => {
    const masked = mask(
      '"mail"=>"a@b.de", "plan"=>"pro", "gone"=>"secret", "Anna Schmidt"=>"secret \\"1\\"", "none"=>NULL',
    );
    assert.match(masked, /"mail"=>"[a-z.0-9]+@example\.(com|net|org)"/);
    assert.match(masked, /"plan"=>"pro"/);
    assert.match(masked, /"gone"=>NULL/);
    assert.match(masked, /=>NULL$/);
    assert.doesNotMatch(masked, /secret|Anna|Schmidt|none/);
    assert.equal(masked.split('=>').length, 6);
  });

  test('* is any other key, which then stays', () => {
    const any = masking({ mask: 'hstore', fields: { '*': 'token' } });
    assert.match(any('"a \\"b\\" \\\\"=>"x1"'), /^"a \\"b\\" \\\\"=>"[a-z]\d"$/);
    assert.equal(any('"a"=>""'), '"a"=>""');
  });
});

describe('values of sixty megabytes', () => {
  const long = 'say \\"ab\\" and \\\\ '.repeat(2_900_000);
  const plain = long.replace(/\\(.)/g, '$1');
  const doubled = plain.replace(/["\\]/g, '$&$&');
  const note = { name: 'note', isArray: false, place: textPlace };
  const expected = masking({ mask: 'text' })(plain);
  const cases: [string, MaskRule, Partial<Place> & { isArray?: boolean }, string, string, string][] = [
    ['json', { mask: 'json' }, { family: 'json' }, '{"a": "', long, '"}'],
    ['hstore', { mask: 'hstore', fields: { a: 'text' } }, { family: 'hstore' }, '"a"=>"', long, '"'],
    ['an array', { mask: 'text' }, { isArray: true }, '{"', long, '"}'],
    ['composite', { mask: 'composite', fields: { note: 'text' } }, { fields: [note] }, '("', doubled, '")'],
  ];
  for (const [name, rule, place, before, value, after] of cases) {
    test(`${name}: a string is masked as in a column of its own`, () => {
      const masked = masking(rule, place)(before + value + after);
      assert.ok(masked === before + expected + after);
    });
  }

  test('strings with escapes wherever they are cut come out as they went in', () => {
    const keep = { keep: 'to be compared' };
    const random = createRandom('escapes');
    for (let length = 65_530; length < 65_545; length++) {
      const value = Array.from({ length: 300 }, () => ['a', '"', '\\', 'é'][random(4)])
        .join('')
        .padStart(length + 150, 'x');
      const escaped = value.replace(/["\\]/g, '\\$&');
      const kept = masking({ mask: 'hstore', fields: { a: keep } }, { family: 'hstore' });
      assert.equal(kept(`"a"=>"${escaped}"`), `"a"=>"${escaped}"`);
      const fields = [note];
      const field = masking({ mask: 'composite', fields: { note: keep } }, { fields });
      const written = `("${value.replace(/["\\]/g, '$&$&')}")`;
      assert.equal(field(written), written);
    }
  });
});

describe('generalise', () => {
  const cases: [object, Partial<Place>, string, string][] = [
    [{ to: 'year' }, { family: 'date' }, '1980-02-29', '1980-01-01'],
    [{ to: 'month' }, { family: 'date' }, '1980-02-29', '1980-02-01'],
    [{ to: 'quarter' }, { family: 'date' }, '1980-12-31', '1980-10-01'],
    [{ to: 'decade' }, { family: 'date' }, '1989-12-31', '1980-01-01'],
    [{ to: 'decade' }, { family: 'date' }, '0044-03-15 BC', '0051-01-01 BC'],
    [{ to: 'year' }, { family: 'timestamp' }, '0044-03-15 12:00:00+00 BC', '0044-01-01 00:00:00+00 BC'],
    [{ to: 'decade' }, { family: 'date' }, '4714-11-24 BC', '4712-01-01 BC'],
    [{ to: 'year' }, { family: 'date' }, 'infinity', 'infinity'],
    [{ to: 'year' }, { family: 'date' }, '-infinity', '-infinity'],
    [{ to: 'day' }, { family: 'timestamp' }, '2024-05-06 07:08:09.123+00', '2024-05-06 00:00:00+00'],
    [{ to: 'hour' }, { family: 'timestamp' }, '2024-05-06 07:08:09.123', '2024-05-06 07:00:00'],
    [{ to: 'hour' }, { family: 'time' }, '07:08:09.5', '07:00:00'],
    [{ to: 'minute' }, { family: 'time' }, '07:08:09+02', '07:08:00+02'],
    [{ bucket: 10 }, { family: 'integer' }, '47', '40'],
    [{ bucket: 10 }, { family: 'integer' }, '-47', '-40'],
    [{ bucket: 0.5 }, { family: 'decimal' }, '3.79', '3.50'],
    [{ bucket: 1000 }, { family: 'money' }, '$12,345.67', '12000.00'],
    [{ bucket: 1000 }, { family: 'decimal' }, 'NaN', 'NaN'],
    [{ prefix: 2 }, { family: 'text' }, '12345', '12000'],
    [{ prefix: 3 }, { family: 'text' }, 'SW1A 1aA', 'SW1A 0aA'],
    [{ prefix: 9 }, { family: 'text' }, '123', '120'],
    [{ prefix: 1 }, { family: 'text' }, 'Üß漢', 'Üaa'],
    [{ prefix: 24 }, { family: 'inet' }, '93.184.216.34', '93.184.216.0'],
    [{ prefix: 16 }, { family: 'cidr' }, '93.184.216.0/24', '93.184.0.0/24'],
  ];
  for (const [options, place, original, expected] of cases) {
    test(`${JSON.stringify(options)} of ${original}`, () => {
      assert.equal(masking({ mask: 'generalise', ...options }, place)(original), expected);
    });
  }
});

describe('forms that Postgres reads and never prints', () => {
  const to = { mask: 'generalise', to: 'year' };
  const date = { family: 'date', type: 'date' } as const;
  const numbers = { family: 'integer', type: 'int4', isRange: true } as const;
  const forms: [MaskRule, Partial<Place> & { isArray?: boolean }, string[]][] = [
    [
      { mask: 'date' },
      date,
      ['1984-3-17', 'March 17, 1984', '19840317', '17/03/1984', 'J2445777', 'INFINITY', 'today'],
    ],
    [{ mask: 'date', per: 'snapshot' }, { family: 'timestamp' }, ['1984-03-17 4:05', 'Sat Mar 17 04:05:06 1984 PST']],
    [to, date, ['1984-3-17', 'March 17, 1984', 'Infinity']],
    [to, { family: 'timestamp' }, ['1984-3-17 04:05:06']],
    [{ mask: 'generalise', to: 'hour' }, { family: 'time' }, ['4:05 PM', '040506', '04:05:06 Anna']],
    [{ mask: 'date' }, { ...date, isRange: true }, ['[1984-3-17,1984-3-18)', '[March 17, April 18)', ' [1984-03-17,)']],
    [{ mask: 'number' }, numbers, ['EMPTY', '{[1984,1985) }', '1984', 'Anna [1,2)']],
    [{ mask: 'date' }, { ...date, isArray: true }, ['{1984-03-17,1984-3-17}']],
    [
      { mask: 'hstore' },
      { family: 'hstore' },
      ['Anna=>Schmidt', '"a"=>"b", Anna=>1', '"a"=>b', '"a"="b"', '"a"=>"b', '"a"=>', '"a'],
    ],
    [{ mask: 'mac' }, { family: 'macaddr' }, ['Anna']],
  ];
  for (const [rule, place, originals] of forms) {
    test(`${rule.mask} of ${place.family}: nothing is let through`, () => {
      for (const original of originals) assert.throws(() => masking(rule, place)(original), Unmaskable, original);
    });
  }

  test('the failure names table and column, and never the value', () => {
    const json = planned('profile', { mask: 'json', keys: 'email' }, { family: 'json', type: 'json' });
    const cases: [PlannedColumn, string, RegExp][] = [
      [planned('born', { mask: 'date' }, date), 'March 17, 1984', /^Masking shop\.t\.born failed: a date .* ISO 8601/],
      [json, '{"Anna\\\\q": 1}', /^Masking shop\.t\.profile failed: its mask cannot read one of its values$/],
    ];
    for (const [column, value, what] of cases) {
      assert.throws(
        () => maskRows([column], [[value]]),
        (problem) => {
          assert.ok(problem instanceof Problem);
          assert.equal(problem.code, 'capture-failed');
          assert.match(problem.message, what);
          assert.doesNotMatch(JSON.stringify(problem.toDocument()), /March|Anna/);
          return true;
        },
      );
    }
  });
});

function planned(name: string, rule: PlannedColumn['rule'], place: Partial<Place> = {}): PlannedColumn {
  return { name, rule, by: 'column', place: { ...textPlace, ...place }, isArray: false };
}

/** Masks rows as COPY writes them. */
function maskRows(columns: PlannedColumn[], rows: string[][], masterKey = key): string[][] {
  const mask = createTableMask(createMaterials(masterKey, dictionaries()), { schema: 'shop', name: 't', columns });
  const out = createSink(16);
  for (const row of rows) {
    const line = Buffer.from(`${row.join('\t')}\n`);
    mask(line, 0, line.length, out);
  }
  return out.bytes
    .toString('utf8', 0, out.at)
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}

describe('dates by subject', () => {
  const keep = { keep: 'surrogate key' };
  const date: Partial<Place> = { family: 'date', type: 'date' };
  const moved = { mask: 'date', days: 100, subject: 'customer' };
  const days = (masked: string, original: string) =>
    (Date.parse(masked.slice(0, 10)) - Date.parse(original.slice(0, 10))) / 86_400_000;

  test('all of one subject move by the same days, in whatever column stands where, and subjects by different ones', () => {
    const orders = [
      planned('placed', moved, date),
      planned('customer', keep),
      planned('paid', moved, { family: 'timestamp' }),
    ];
    const customers = [planned('id', keep), planned('born', { ...moved, subject: 'id' }, date)];
    const rows = Array.from({ length: 300 }, (_, index) => [
      '2024-03-01',
      String(index % 100),
      '2024-03-05 10:11:12.345678+00',
    ]);
    const maskedOrders = maskRows(orders, rows);
    const maskedCustomers = maskRows(
      customers,
      rows.map(([, customer]) => [customer!, '1980-02-29']),
    );
    const shifts = new Map<string, number>();
    maskedOrders.forEach(([placed, customer, paid], index) => {
      const shift = days(placed!, '2024-03-01');
      assert.ok(shift !== 0 && Math.abs(shift) <= 100);
      assert.equal(days(paid!, '2024-03-05'), shift);
      assert.match(paid!, / 10:11:12\.345678\+00$/);
      assert.equal(days(maskedCustomers[index]![1]!, '1980-02-29'), shift);
      assert.equal(shifts.get(customer!) ?? shift, shift);
      shifts.set(customer!, shift);
    });
    assert.ok(new Set(shifts.values()).size > 50, `${new Set(shifts.values()).size} shifts of 100 subjects`);
    assert.notDeepEqual(maskRows(orders, rows, Buffer.alloc(32, 'o')), maskedOrders);
  });

  test('a row without a subject moves by its value', () => {
    const columns = [planned('customer', keep), planned('placed', moved, date)];
    const masked = maskRows(columns, [
      ['\\N', '2024-03-01'],
      ['\\N', '2024-09-01'],
      ['\\N', '2024-03-01'],
      ['7', '\\N'],
    ]);
    assert.deepEqual(masked[0], masked[2]);
    assert.notEqual(days(masked[0]![1]!, '2024-03-01'), 0);
    assert.deepEqual(masked[3], ['7', '\\N']);
  });
});

describe('randomise', () => {
  const labels = ['f', 'm', 'x'];
  const enumPlace: Partial<Place> = { family: 'enum', type: 'gender', labels };

  test('of an enum: every label, drawn whatever the original was, the same again', () => {
    const columns = [planned('id', { keep: 'surrogate' }), planned('gender', { mask: 'randomise' }, enumPlace)];
    const rows = Array.from({ length: 3000 }, (_, index) => [String(index), labels[index % 3]!]);
    const masked = maskRows(columns, rows);
    assert.deepEqual(maskRows(columns, rows), masked);
    for (const original of labels) {
      const drawn = masked.filter((_, index) => rows[index]![1] === original).map(([, gender]) => gender!);
      for (const label of labels) {
        const share = drawn.filter((one) => one === label).length / drawn.length;
        assert.ok(share > 0.25 && share < 0.42, `${label} for ${original}: ${share}`);
      }
    }
  });

  test('between two days, moments or numbers; of the same shape: drawn anew for each row', () => {
    const drawn = (rule: object, place: Partial<Place>, original: string) => {
      const columns = [planned('id', { keep: 'k' }), planned('c', { mask: 'randomise', ...rule }, place)];
      const masked = maskRows(
        columns,
        Array.from({ length: 2000 }, (_, index) => [String(index), original]),
      );
      return masked.map(([, one]) => one!);
    };
    const days = drawn({ from: '1980-01-01', to: '1980-01-31' }, { family: 'date', type: 'date' }, '1955-05-05');
    assert.deepEqual(
      [...new Set(days)].sort(),
      Array.from({ length: 31 }, (_, day) => `1980-01-${pad(day + 1, 2)}`),
    );
    const moments = drawn(
      { from: '2024-01-01', to: '2024-01-02' },
      { family: 'timestamp', type: 'timestamptz' },
      'infinity',
    );
    for (const one of moments) assert.match(one, /^2024-01-0[12] \d\d:\d\d:\d\d$/);
    assert.ok(new Set(moments).size > 1500);
    const ages = drawn({ from: -2, to: 2 }, { family: 'integer', type: 'int2' }, '40');
    assert.deepEqual([...new Set(ages)].sort(), ['-1', '-2', '0', '1', '2']);
    const prices = drawn(
      { from: 0.5, to: 0.75 },
      { family: 'decimal', type: 'numeric', precision: 6, scale: 2 },
      '9.99',
    );
    assert.deepEqual(new Set(prices).size, 26);
    assert.ok(prices.every((one) => /^0\.\d\d$/.test(one) && Number(one) >= 0.5 && Number(one) <= 0.75));
    const postcodes = drawn({ shape: true }, {}, 'SW1A 1aä');
    assert.ok(postcodes.every((one) => /^[A-Z]{2}\d[A-Z] \d[a-z]{2}$/.test(one)));
    assert.ok(new Set(postcodes).size > 1900);
  });

  test('by subject: the same in every row about it; two columns of a row are drawn apart', () => {
    const rule = { mask: 'randomise', subject: 'customer', values: ['yes', 'no', 'no', 'no'] };
    const columns = [
      planned('order', { keep: 'k' }),
      planned('customer', { keep: 'k' }),
      planned('a', rule),
      planned('b', rule),
    ];
    const masked = maskRows(
      columns,
      Array.from({ length: 2000 }, (_, index) => [String(index), String(index % 500), 'v', 'v']),
    );
    for (const [index, row] of masked.entries()) assert.deepEqual(row.slice(2), masked[index % 500]!.slice(2));
    const people = masked.slice(0, 500);
    const yes = people.filter(([, , a]) => a === 'yes').length;
    assert.ok(yes > 80 && yes < 170, `${yes} of 500 are yes, a fourth is asked for`);
    assert.ok(people.some(([, , a, b]) => a !== b));
    assert.deepEqual(maskRows(columns, [['1', '2', '\\N', 'v']])[0]![2], '\\N');
  });
});

describe('shuffle', () => {
  const pool: Pool = {
    name: 'cities',
    columns: [{ schema: 'shop', table: 'people', column: 'city', isPartitioned: false, ignoresCase: false }],
  };
  const values = new Set(Array.from({ length: 500 }, (_, index) => `Town ${index}`));

  test('every value becomes another of them, each once; under another key otherwise', () => {
    const others = shuffled(key, pool, values);
    assert.deepEqual(new Set(others.values()), values);
    for (const [value, other] of others) assert.notEqual(other, value);
    assert.deepEqual(shuffled(key, pool, new Set([...values].reverse())), others);
    assert.notDeepEqual(shuffled(otherKey, pool, values), others);
    const mask = masking({ mask: 'shuffle' }, { family: 'text', pool: 'cities' }, key, new Map([['cities', others]]));
    assert.equal(mask('Town 7'), others.get('Town 7'));
    assert.throws(() => mask('Nowhere'), /was not there/);
  });

  test('refused: one value, too many, too long, each with its column and no value', () => {
    for (const refused of [
      new Set(['Zorq']),
      new Set(Array.from({ length: 50_001 }, (_, n) => `Zorq${n}`)),
      new Set(['Zorq'.repeat(300), 'b']),
    ]) {
      assert.throws(
        () => shuffled(key, pool, refused),
        (error: Error & { code: string; where: string }) =>
          error.code === 'policy-invalid' &&
          error.where === 'shop.people.city' &&
          !JSON.stringify(error).includes('Zorq') &&
          !error.message.includes('Zorq'),
      );
    }
  });
});

describe('password', () => {
  const hashOf = (scheme: string, password = 'staging-1') =>
    masking({ mask: 'password', scheme, password }, { family: 'text' })('$2b$12$original');
  const base64 = (text: string) => Buffer.from(text, 'base64');

  test('each scheme gives one hash that the password opens', () => {
    const [, , , , salt, hash] = hashOf('argon2id').split('$');
    const parameters = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
    assert.deepEqual(
      argon2Sync('argon2id', { message: 'staging-1', nonce: base64(salt!), ...parameters }),
      base64(hash!),
    );
    const [, , , scryptSalt, scryptHash] = hashOf('scrypt').split('$');
    const cost = { N: 2 ** 16, r: 8, p: 2, maxmem: 2 ** 28 };
    assert.deepEqual(scryptSync('staging-1', base64(scryptSalt!), 32, cost), base64(scryptHash!));
    const [, , , pbkdf2Salt, pbkdf2Hash] = hashOf('pbkdf2-sha256').split('$');
    assert.deepEqual(pbkdf2Sync('staging-1', base64(pbkdf2Salt!), 600_000, 32, 'sha256'), base64(pbkdf2Hash!));
    assert.match(hashOf('bcrypt'), /^\$2a\$12\$[./A-Za-z0-9]{53}$/);
    assert.ok(compareSync('staging-1', hashOf('bcrypt')) && !compareSync('staging-2', hashOf('bcrypt')));
    const [name, iterations, djangoSalt, djangoHash] = hashOf('django').split('$');
    assert.equal(name, 'pbkdf2_sha256');
    assert.deepEqual(pbkdf2Sync('staging-1', djangoSalt!, Number(iterations), 32, 'sha256'), base64(djangoHash!));
  });

  test('the same for every row and capture, another for another password, never the password itself', () => {
    assert.equal(hashOf('scrypt'), hashOf('scrypt'));
    assert.notEqual(hashOf('scrypt'), hashOf('scrypt', 'staging-2'));
    assert.ok(!hashOf('scrypt').includes('staging-1'));
    const rows = maskRows(
      [planned('hash', { mask: 'password', scheme: 'scrypt', password: 'staging-1' })],
      [['a'], ['\\N'], ['b']],
    );
    assert.deepEqual(rows, [[hashOf('scrypt')], ['\\N'], [hashOf('scrypt')]]);
  });
});

describe('what is in the dictionary itself', () => {
  test('never comes out as it went in, and neither does a single letter', () => {
    const words = dictionaries();
    const lists = {
      first_name: words.firstNames,
      last_name: words.lastNames,
      city: words.cities,
      country: words.countries,
    };
    for (const masterKey of [key, otherKey]) {
      for (const [name, list] of Object.entries(lists)) {
        const mask = masking({ mask: name }, {}, masterKey);
        for (const entry of list) assert.notEqual(mask(String(entry)), String(entry));
      }
      for (const name of ['text', 'token', 'postcode', 'phone']) {
        const mask = masking({ mask: name }, { family: 'text' }, masterKey);
        for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') assert.notEqual(mask(letter), letter, name);
        for (let number = 1; number < 2000; number++) assert.notEqual(mask(`${number}`), `${number}`, name);
      }
    }
  });
});
