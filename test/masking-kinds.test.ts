import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { MaskRule, Place } from '../services/masking/kind.ts';
import { kinds } from '../services/masking/kinds/index.ts';
import { masking, otherKey } from './support/masking.ts';

/** Whose values come from the policy or the column, not from the original and the key. */
const given = ['constant', 'password', 'shuffle', 'randomise', 'generalise'];
const textKinds = Object.keys(kinds).filter((name) => kinds[name]!.holds.includes('text') && !given.includes(name));
const awkward = [
  'Anna Schmidt',
  'a',
  ' ',
  'two\twords\nand a line\r',
  'back\\slash \\N \\.',
  'O\'Brien "quoted" {a,b}',
  'Jürgen Müßig 漢字 🙂',
  '\u0001\u001f\u007f',
  'null',
  '0',
  '-',
  '+49 30 1234567',
  'a@b.de',
  `long ${'x'.repeat(5000)}`,
];

describe('every kind that holds text', () => {
  for (const name of textKinds) {
    const rule: MaskRule = { mask: name };
    const place = { family: 'text' as const, type: 'text' };

    test(`${name}: the same original comes out the same, under another key differently`, () => {
      const [mask, again] = [masking(rule, place), masking(rule, place)];
      const other = masking(rule, place, otherKey);
      let differs = 0;
      for (const value of awkward) {
        assert.equal(mask(value), again(value));
        if (mask(value) !== other(value)) differs++;
      }
      assert.ok(name === 'null' || differs >= awkward.length / 2, `${differs} of ${awkward.length} differ`);
    });

    test(`${name}: nothing of a long original is left, and the result is UTF-8 without NUL`, () => {
      const mask = masking(rule, place);
      for (const value of [
        ...awkward,
        'Zorquelbrax Vraklinu',
        'zorquelbrax.vraklinu@qrxplzt.example',
        'https://qrxplzt.de/zorquelbrax',
      ]) {
        const masked = mask(value);
        assert.ok(!masked.includes('\u0000') && !masked.includes('\ufffd'));
        for (const part of [
          'Zorquelbrax',
          'zorquelbrax',
          'Vraklinu',
          'qrxplzt',
          'Schmidt',
          'Müßig',
          '漢',
          'xxxxxxxx',
          '1234567',
        ]) {
          assert.ok(!masked.includes(part), `${part} is left`);
        }
      }
    });

    test(`${name}: varchar(n) is never exceeded`, () => {
      for (const limit of [1, 5, 12, 20, 40]) {
        if (limit < (kinds[name]!.shortest ?? 0)) continue;
        for (const unique of [false, true]) {
          const mask = masking(rule, { ...place, limit, unique });
          for (const value of awkward) {
            const fitting = [...value].slice(0, limit).join('');
            const masked = mask(fitting);
            if (name !== 'null') assert.ok([...masked].length <= limit, `${JSON.stringify(masked)} of ${limit}`);
          }
        }
      }
    });
  }
});

describe('arrays', () => {
  const literal = (elements: string[]) => `{${elements.map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
  for (const name of textKinds.filter((one) => !kinds[one]!.whole)) {
    test(`${name}: every element as in a column of its own`, () => {
      const place = { family: 'text' as const, type: 'text' };
      const [ofElements, ofArray] = [
        masking({ mask: name }, place),
        masking({ mask: name }, { ...place, isArray: true }),
      ];
      assert.equal(ofArray(literal(awkward)), literal(awkward.map(ofElements)));
      assert.equal(ofArray('{NULL,{}}'), '{NULL,{}}');
    });
  }
});

describe('unique columns', () => {
  const originals: Record<string, (index: number) => string> = {
    email: (index) => `person${index}@shop.example`,
    username: (index) => `user${index}`,
    url: (index) => `https://shop.example/${index}`,
    token: (index) => `tk_${String(index).padStart(6, '0')}`,
    phone: (index) => `+49 170 ${String(index).padStart(7, '0')}`,
    postcode: (index) => String(index).padStart(5, '0'),
    card: (index) => withLuhn(`4${String(index).padStart(14, '0')}`),
    iban: (index) => `DE00${String(index).padStart(18, '0')}`,
    uuid: (index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    full_name: (index) => `Person ${index}`,
    city: (index) => `Town ${index}`,
    text: (index) => `note ${index}`,
  };
  for (const [name, original] of Object.entries(originals)) {
    test(`${name}: 50,000 originals give 50,000 values`, () => {
      const mask = masking({ mask: name }, { family: 'text', unique: true });
      const values = new Set<string>();
      for (let index = 0; index < 50_000; index++) values.add(mask(original(index)));
      assert.equal(values.size, 50_000);
    });
  }

  test('five digits are permuted: all 100,000 postcodes come out once', () => {
    const mask = masking({ mask: 'postcode' });
    const values = new Set<string>();
    for (let index = 0; index < 100_000; index++) values.add(mask(String(index).padStart(5, '0')));
    assert.equal(values.size, 100_000);
  });
});

describe('what a kind looks like', () => {
  const shapes: [MaskRule, Partial<Place>, string, RegExp][] = [
    [{ mask: 'full_name' }, {}, 'Anna Schmidt', /^[A-Z][A-Za-z'-]+ [A-Z][A-Za-z'-]+$/],
    [{ mask: 'email' }, {}, 'anna@firma.de', /^[a-z]+\.[a-z]+\.[0-9a-z]{10}@example\.(com|net|org)$/],
    [{ mask: 'phone' }, {}, '+49 (30) 123-456', /^\+49 \(\d\d\) \d{3}-\d{3}$/],
    [{ mask: 'phone' }, {}, '0171/1234567', /^0\d{3}\/\d{7}$/],
    [{ mask: 'street' }, {}, 'Hauptstr. 12', /^\d{1,3} [A-Za-z0-9' -]+$/],
    [{ mask: 'postcode' }, {}, 'SW1A 1AA', /^[A-Z]{2}\d[A-Z] \d[A-Z]{2}$/],
    [{ mask: 'url' }, {}, 'http://x.de/a.jpg', /^http:\/\/example\.com\/[0-9a-z]{10}\.jpg$/],
    [{ mask: 'url' }, {}, 'https://x.de/anna.schmidt', /^https:\/\/example\.com\/[0-9a-z]{10}$/],
    [{ mask: 'ip' }, { family: 'inet' }, '8.8.8.8', /^10\.\d+\.\d+\.\d+$/],
    [{ mask: 'ip' }, { family: 'inet' }, '8.8.8.8/24', /^10\.\d+\.\d+\.\d+\/24$/],
    [{ mask: 'ip' }, { family: 'cidr' }, '8.8.8.0/24', /^10\.\d+\.\d+\.0\/24$/],
    [{ mask: 'ip' }, { family: 'inet' }, '2001:db8::1', /^fd[0-9a-f]{2}(:[0-9a-f]{1,4}){7}$/],
    [{ mask: 'token' }, {}, 'sk_live_Ab12-Zz', /^[a-z]{2}_[a-z]{4}_[A-Z][a-z]\d\d-[A-Z][a-z]$/],
    [{ mask: 'token' }, {}, 'd41d8cd98f00b204e9800998ecf8427e', /^[0-9a-f]{32}$/],
    [
      { mask: 'uuid' },
      { family: 'uuid' },
      '11111111-2222-3333-4444-555555555555',
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    [{ mask: 'date' }, { family: 'date' }, '1980-02-29', /^19(79|80)-\d\d-\d\d$/],
    [{ mask: 'date' }, { family: 'date' }, '0044-03-15 BC', /^004[45]-\d\d-\d\d BC$/],
    [
      { mask: 'date' },
      { family: 'timestamp' },
      '2024-01-31 23:59:59.123456+00',
      /^202[34]-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00$/,
    ],
    [{ mask: 'date' }, { family: 'timestamp' }, 'infinity', /^infinity$/],
    [{ mask: 'number' }, { family: 'decimal' }, '-1234.50', /^-1\d{3}\.\d\d$/],
    [{ mask: 'number' }, { family: 'integer', type: 'int2' }, '32767', /^(2|3)\d{4}$/],
    [{ mask: 'number' }, { family: 'integer' }, '0', /^0$/],
    [{ mask: 'constant', value: 'x' }, {}, 'anything', /^x$/],
  ];
  for (const [rule, place, original, shape] of shapes) {
    test(`${rule.mask} of ${original}`, () => {
      assert.match(masking(rule, place)(original), shape);
      assert.ok(shape.source.length < 12 || masking(rule, place)(original) !== original, 'it is another value');
    });
  }

  test('text has as many characters as the original', () => {
    const mask = masking({ mask: 'text' });
    for (const value of awkward) assert.equal([...mask(value)].length, [...value].length);
  });

  test('cards pass the Luhn check and keep length, first digit and separators', () => {
    const mask = masking({ mask: 'card' });
    for (const value of ['4111 1111 1111 1111', '5500000000000004', '340000000000009', '6011-0000-0000-0004']) {
      const masked = mask(value);
      assert.equal(masked.replace(/\d/g, '#'), value.replace(/\d/g, '#'));
      assert.equal(masked[0], value[0]);
      assert.equal(withLuhn(masked.replace(/\D/g, '').slice(0, -1)), masked.replace(/\D/g, ''));
    }
  });

  test('cards and IBANs that differ in check digits alone stay different: valid ones valid, wrong ones wrong', () => {
    const isCard = (value: string) => withLuhn(value.replace(/\D/g, '').slice(0, -1)) === value.replace(/\D/g, '');
    const isIban = (value: string) => {
      const moved = value.replaceAll(' ', '');
      const digits = (moved.slice(4) + moved.slice(0, 4)).replace(/[A-Z]/g, (one) => String(one.charCodeAt(0) - 55));
      return BigInt(digits) % 97n === 1n && !['00', '01', '99'].includes(value.slice(2, 4));
    };
    // Multiplied, so that neighbours differ in all digits.
    const body = (index: number) => String((index * 7_368_787_141) % 99_999_999_977).padStart(11, '0');
    const series: [string, (value: string) => boolean, string[][]][] = [
      [
        'card',
        isCard,
        [
          Array.from({ length: 10 }, (_, index) => `4111 1111 1111 111${index}`),
          Array.from({ length: 3000 }, (_, index) => `5${body(index + 1)}${index % 10}`),
          Array.from({ length: 3000 }, (_, index) => withLuhn(`5${body(index + 1)}`)),
        ],
      ],
      [
        'iban',
        isIban,
        [
          Array.from({ length: 100 }, (_, index) => `GB${String(index).padStart(2, '0')} NWBK 6016 1331 9268 19`),
          Array.from({ length: 6000 }, (_, index) => `NO${String(index % 100).padStart(2, '0')}${body(index >> 1)}`),
        ],
      ],
    ];
    for (const [name, isValid, groups] of series) {
      const [mask, again] = [masking({ mask: name }), masking({ mask: name })];
      const originals = new Set(groups.flat());
      const values = new Set<string>();
      for (const original of originals) {
        const masked = mask(original);
        assert.equal(again(original), masked);
        assert.notEqual(masked, original);
        assert.equal(isValid(masked), isValid(original), `${original} ${masked}`);
        assert.equal(masked.slice(0, name === 'card' ? 1 : 2), original.slice(0, name === 'card' ? 1 : 2));
        values.add(masked);
      }
      assert.equal(values.size, originals.size, name);
    }
    // As they came out before wrong ones were told apart.
    assert.equal(masking({ mask: 'card' })('4111 1111 1111 1111'), '4566 9907 9586 0964');
    assert.equal(masking({ mask: 'iban' })('DE89370400440532013000'), 'DE59562878554667297168');
  });

  test('a network is masked by another of its length', () => {
    const mask = masking({ mask: 'ip' }, { family: 'cidr', type: 'cidr' });
    const network = (index: number, bits: number) => `${Math.floor(index * 2 ** (8 - bits))}.0.0.0/${bits}`;
    for (let bits = 1; bits <= 8; bits++) {
      const originals = Array.from({ length: 2 ** bits }, (_, index) => network(index, bits));
      const masked = originals.map(mask);
      assert.deepEqual(new Set(masked), new Set(originals));
      assert.ok(masked.every((value, index) => value !== originals[index]));
    }
    for (let index = 0; index < 256; index++) {
      const bits = 9 + (index % 4);
      const original = `10.${((index >> 4) << (16 - bits)) & 255 & (0xff00 >> (bits - 8))}.0.0/${bits}`;
      const masked = mask(original);
      assert.notEqual(masked, original);
      assert.match(masked, new RegExp(`^10\\.\\d+\\.0\\.0/${bits}$`));
    }
    assert.equal(mask('fd00::/9'), 'fd80:0:0:0:0:0:0:0/9');
    assert.equal(mask('fd80::/9'), 'fd00:0:0:0:0:0:0:0/9');
    assert.match(mask('2000::/3'), /^(0|[468ace]000)(:0){7}\/3$/);
    assert.match(mask('::ffff:0:0/96'), /^fd[\da-f:]+(:0){2}\/96$/);
    assert.equal(mask('0.0.0.0/0'), '0.0.0.0/0');
    assert.equal(mask('::/0'), '0:0:0:0:0:0:0:0/0');
  });

  test('IBANs have valid check digits and keep country and shape', () => {
    const mask = masking({ mask: 'iban' });
    for (const value of [
      'DE89370400440532013000',
      'GB29 NWBK 6016 1331 9268 19',
      'FR1420041010050500013M02606',
      'NO9386011117947',
    ]) {
      const masked = mask(value);
      assert.equal(masked.slice(0, 2), value.slice(0, 2));
      assert.equal(
        masked.slice(4).replace(/\d/g, '#').replace(/[A-Z]/g, 'A'),
        value.slice(4).replace(/\d/g, '#').replace(/[A-Z]/g, 'A'),
      );
      const moved = masked.replaceAll(' ', '');
      const digits = (moved.slice(4) + moved.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
        String(letter.charCodeAt(0) - 55),
      );
      assert.equal(BigInt(digits) % 97n, 1n);
    }
  });

  test('dates move by at most `days`, and by the same amount with per: snapshot', () => {
    const single = masking({ mask: 'date', days: 10 }, { family: 'date' });
    const together = masking({ mask: 'date', days: 10, per: 'snapshot' }, { family: 'date' });
    const shifts = new Set<number>();
    for (let day = 1; day <= 28; day++) {
      const original = `2020-02-${String(day).padStart(2, '0')}`;
      const moved = (masked: string) => (Date.parse(masked) - Date.parse(original)) / 86_400_000;
      assert.ok(Math.abs(moved(single(original))) <= 10 && moved(single(original)) !== 0);
      shifts.add(moved(together(original)));
    }
    assert.equal(shifts.size, 1);
  });

  test('a date in a document or text is written as it was', () => {
    const forms = [
      '2024-01-01T10:00:00.123Z',
      '2024-01-01T10:00:00+02:00',
      '2024-01-01T10:00:00.1+0200',
      '2024-01-01T10:00:00.123456789',
      '2024-01-01 10:00:00.123456+02',
      '2024-01-01 10:00:00',
      '2024-01-01',
    ];
    const inText = masking({ mask: 'date' }, { family: 'text' });
    const inJson = masking({ mask: 'json', fields: { at: 'date' } }, { family: 'json', type: 'jsonb' });
    for (const form of forms) {
      const masked = inText(form);
      assert.notEqual(masked, form);
      const [, zone] = /T?\d\d:\d\d:\d\d[.\d]*(.*)$/.exec(form) ?? [];
      assert.equal(masked.replace(/\d/g, '0'), form.replace(/\d/g, '0'));
      assert.ok(masked.endsWith(zone ?? ''), 'the offset stays');
      assert.equal(inJson(JSON.stringify({ at: form })), JSON.stringify({ at: masked }));
      const noon = masking({ mask: 'date', per: 'snapshot' }, { family: 'text' })(form);
      assert.equal(noon.slice(10), form.slice(10));
    }
  });

  test('the first dates that Postgres holds move on, never back', () => {
    const keys = Array.from({ length: 20 }, (_, index) => Buffer.alloc(32, index + 1));
    for (const one of keys)
      for (const rule of [{}, { per: 'snapshot' }, { days: 36500 }]) {
        const mask = masking({ mask: 'date', ...rule }, { family: 'date' }, one);
        for (const [original, year] of [
          ['4714-11-24 BC', 4714],
          ['4712-01-02 BC', 4712],
        ] as const) {
          const masked = mask(original);
          assert.notEqual(masked, original);
          assert.ok(Number(masked.slice(0, 4)) <= year && (masked.slice(0, 4) !== '4714' || masked > original), masked);
        }
      }
  });

  test('floats stay finite, never stay what they were, and noise makes no zero of them', () => {
    for (const [type, originals] of Object.entries({
      float4: ['3.3e+38', '-3.3e+38', '3.4028235e+38', '1e-45', '-1e-45', '1e+30'],
      float8: ['1.7e+308', '-1.7e+308', '1.7976931348623157e+308', '5e-324', '1e+30'],
    })) {
      const held = type === 'float4' ? Math.fround : Number;
      for (const rule of [{ noise: 1 }, { noise: 0.1 }, { noise: 1e-9 }, { amount: 1e39 }, { amount: 5 }]) {
        const mask = masking({ mask: 'number', ...rule }, { family: 'decimal', type });
        for (const original of originals) {
          const masked = held(Number(mask(original)));
          const said = `${type} ${original} ${JSON.stringify(rule)} ${mask(original)}`;
          assert.ok(Number.isFinite(masked) && masked !== held(Number(original)), said);
          if ('noise' in rule) assert.equal(Math.sign(masked), Math.sign(Number(original)), said);
        }
      }
    }
    const far = masking({ mask: 'number', amount: 1e39 }, { family: 'decimal', type: 'float4' });
    assert.ok(['0', '1', '2', '3', '4', '5'].every((value) => Number.isFinite(Math.fround(Number(far(value))))));
  });

  test('what is drawn between numbers beyond 2^53 lies between them', () => {
    const [from, to] = [9007199254740993n, 9007199254740997n];
    const rule = { mask: 'randomise', from: String(from), to: String(to) };
    const mask = masking(rule, { family: 'integer', type: 'int8' });
    const drawn = new Set(Array.from({ length: 200 }, (_, index) => mask(String(index))));
    assert.deepEqual(
      [...drawn].sort(),
      ['993', '994', '995', '996', '997'].map((end) => `9007199254740${end}`),
    );
    const decimals = masking(
      { mask: 'randomise', from: '9007199254740993.25', to: '9007199254740993.26' },
      { family: 'decimal', type: 'numeric', precision: 30, scale: 2 },
    );
    const ofDecimals = new Set(Array.from({ length: 50 }, (_, index) => decimals(String(index))));
    assert.deepEqual([...ofDecimals].sort(), ['9007199254740993.25', '9007199254740993.26']);
  });

  test('numbers stay in their type’s range, keep scale and sign, and never stay what they were', () => {
    const ofNumeric = masking({ mask: 'number' }, { family: 'decimal', type: 'numeric', precision: 4, scale: 2 });
    assert.match(ofNumeric('99.99'), /^(8|9)\d\.\d\d$/);
    assert.notEqual(ofNumeric('0.01'), '0.01');
    const small = masking({ mask: 'number' }, { family: 'integer', type: 'int4' });
    for (let value = 1; value < 100; value++) {
      assert.notEqual(small(String(value)), String(value));
      assert.ok(Number(small(String(value))) > 0);
      assert.ok(Number(small(String(-value))) < 0);
    }
    assert.ok(
      BigInt(masking({ mask: 'number' }, { family: 'integer', type: 'int8' })('9223372036854775807')) <=
        9223372036854775807n,
    );
  });
});

describe('json', () => {
  const fields = {
    'contact.email': 'email',
    'people.name': 'full_name',
    'tags.*': { keep: 'public' },
    amount: 'number',
    'contact.note': { mask: 'constant', value: 'x"y' },
    gone: 'null',
  };
  const mask = masking({ mask: 'json', fields }, { family: 'json', type: 'jsonb' });

  test('fields by path, through arrays; every other string is masked; the rest stays to the byte', () => {
    const document = `{"contact": {"email": "a@b.de", "note": "n", "phone": "+49 1234567"}, "people": [{"name": "Anna Schmidt"}, {"name": null}], "tags": {"a": "keep me"}, "amount": 12.50, "gone": {"deep": ["secret"]}, "big": 12345678901234567890.10, "flag": true, "list": ["secret", 1, {"inner": "secret"}], "empty": ""}`;
    const masked = JSON.parse(mask(document));
    assert.equal(masked.contact.email, masking({ mask: 'email' })('a@b.de'), 'as in a column of its own');
    assert.equal(masked.contact.note, 'x"y');
    assert.equal(masked.people[0].name, masking({ mask: 'full_name' })('Anna Schmidt'));
    assert.equal(masked.people[1].name, null);
    assert.deepEqual(masked.tags, { a: 'keep me' });
    assert.notEqual(masked.amount, 12.5);
    assert.equal(typeof masked.amount, 'number');
    assert.deepEqual(masked.gone, { deep: [null] });
    assert.equal(masked.flag, true);
    assert.equal(masked.empty, '');
    assert.equal(masked.list[1], 1);
    assert.match(mask(document), /"big": 12345678901234567890\.10,/);
    assert.doesNotMatch(mask(document), /secret|1234567"|Anna/);
  });

  test('every path that matches is considered: a named key hides nothing that `*` is about', () => {
    const paths = (fields: object) => masking({ mask: 'json', fields }, { family: 'json', type: 'jsonb' });
    const is = (name: string) => ({ mask: 'constant', value: name });
    const billing = paths({ 'billing.email': 'email', '*.phone': 'phone' });
    const document = '{"billing": {"email": "a@b.de", "phone": 4915112345678}, "list": [{"phone": 4915112345678}]}';
    assert.doesNotMatch(billing(document), /4915112345678|a@b/);
    const through = '{"billing": [{"phone": [4915112345678]}, [{"email": "a@b.de", "phone": 4915112345678}]]}';
    assert.doesNotMatch(billing(through), /4915112345678|a@b/);

    const many = paths({ 'a.*.c': is('a.*.c'), '*.b': is('*.b'), '*.b.c': is('*.b.c'), '*.*.d.*': is('*.*.d.*') });
    assert.deepEqual(JSON.parse(many('{"a": {"b": {"c": 1, "x": 2, "d": {"y": 3}, "*": 4}, "z": {"c": 5}}}')), {
      a: { b: { c: 'a.*.c', x: '*.b', d: { y: '*.*.d.*' }, '*': '*.b' }, z: { c: 'a.*.c' } },
    });
    assert.deepEqual(JSON.parse(many('{"*": {"b": {"c": 1}, "*": {"d": [[{"*": 2}]]}}}')), {
      '*': { b: { c: '*.b.c' }, '*': { d: [[{ '*': '*.*.d.*' }]] } },
    });
  });

  test('of the paths that match the longest counts, then the one that names a key first', () => {
    const both = { 'a.*': 'null', '*.b': { keep: 'public' }, a: { keep: 'public' } };
    const mask = masking({ mask: 'json', fields: both, keys: 'email' }, { family: 'json', type: 'jsonb' });
    const masked = mask('{"a": {"b": 1, "c": 2}, "x": {"b": 3, "c": 4}}');
    assert.match(masked, /^\{"a": \{"b": null, "c": null\}, "[^"]+@[^"]+": \{"b": 3, "[^"]+@[^"]+": 4\}\}$/);
  });

  test('escapes, odd keys, scalars and deep nesting', () => {
    const odd = { 'a "b" \\ c': 'tab\t and "quotes" \\ \u2028 漢', '': 'x', 'contact.email': 'literal dot' };
    const masked = JSON.parse(mask(JSON.stringify(odd)));
    assert.deepEqual(Object.keys(masked), Object.keys(odd));
    assert.notEqual(masked['contact.email'], 'literal dot');
    assert.notEqual(JSON.parse(mask('"scalar string"')), 'scalar string');
    assert.equal(mask('42'), '42');
    assert.equal(mask('null'), 'null');
    const deep = `${'['.repeat(5000)}"secret"${']'.repeat(5000)}`;
    assert.equal(mask(deep).length, deep.length);
    assert.ok(!mask(deep).includes('secret'));
    const long = JSON.stringify({ text: 'secret "and" more\\'.repeat(100_000) });
    assert.ok(!mask(long).includes('secret'));
  });

  test('numbers and keys without a path, where the rule says so', () => {
    const strict = masking({
      mask: 'json',
      fields: { 'a.b': 'text', kept: { keep: 'public' } },
      numbers: 'number',
      keys: 'email',
    });
    const masked = JSON.parse(
      strict('{"a":{"b":"x","n":417012345678},"anna@x.de":[7,true,null],"kept":{"bob@x.de":42}}'),
    );
    const anna = masking({ mask: 'email' })('anna@x.de');
    assert.deepEqual(Object.keys(masked), ['a', anna, 'kept']);
    assert.equal(Object.keys(masked.a)[0], 'b');
    assert.ok(!Object.values(masked.a).includes(417012345678));
    assert.notEqual(masked[anna][0], 7);
    assert.deepEqual(masked[anna].slice(1), [true, null]);
    assert.deepEqual(masked.kept, { 'bob@x.de': 42 });
  });

  test('a number or boolean with a rule of its own never stays, whatever the rule', () => {
    const document = '{"own": 123456789, "flag": true, "deep": {"list": [987654321, false, null]}, "free": [7, true]}';
    const kept = ['constant', 'json', 'hstore', 'composite'];
    const textual = textKinds.filter((name) => !kept.includes(name));
    for (const name of [...textual, 'number', 'null']) {
      const fields = { own: name, flag: name, deep: name };
      const masked = JSON.parse(masking({ mask: 'json', fields }, { family: 'json', type: 'jsonb' })(document));
      assert.ok(!JSON.stringify(masked).includes('123456789'), name);
      assert.ok(!JSON.stringify(masked).includes('987654321'), name);
      assert.equal(masked.flag, null, name);
      assert.deepEqual(masked.deep.list.slice(1), [null, null], name);
      assert.deepEqual(masked.free, [7, true], 'nobody’s rule is about these');
    }
    const asText = JSON.parse(masking({ mask: 'json', fields: { own: 'text' } })(document));
    assert.equal(asText.own, masking({ mask: 'text' })('123456789'), 'as the text that it is written in');
  });

  test('booleans without a path, where the rule says so', () => {
    const [gone, same] = ['null', { mask: 'constant', value: false }].map((booleans) =>
      masking({ mask: 'json', fields: { a: { keep: 'public' } }, booleans }),
    );
    assert.equal(gone!('{"a": true, "b": [true, 1, null]}'), '{"a": true, "b": [null, 1, null]}');
    assert.equal(same!('{"a": true, "b": [true, 1, null]}'), '{"a": true, "b": [false, 1, null]}');
  });

  test('a text column whose value is no JSON is masked as text', () => {
    const ofText = masking({ mask: 'json' }, { family: 'text' });
    assert.ok(!ofText('not json: secret').includes('secret'));
    assert.ok(!ofText('{"a": "secret"').includes('secret'));
  });
});

function withLuhn(payload: string): string {
  let sum = 0;
  [...payload].reverse().forEach((digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return payload + String((10 - (sum % 10)) % 10);
}

test('every kind and each of its options is in the documentation', async () => {
  const lines = (await readFile(new URL('../docs/masking.md', import.meta.url), 'utf8')).split('\n');
  for (const [name, { options = {} }] of Object.entries(kinds)) {
    const line = lines.find((one) => one.split('|')[1]?.includes(`\`${name}\``));
    assert.ok(line, `${name} is not in docs/masking.md`);
    for (const option of Object.keys(options))
      assert.ok(line.includes(`\`${option}`), `${name} lacks its option ${option}`);
  }
});
