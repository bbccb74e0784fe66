import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Problem } from '../services/errors.ts';
import { dictionaries } from '../services/masking/dictionaries.ts';
import type { CopyFormat } from '../services/masking/rows/row.ts';
import { openAudit } from '../services/snapshots/audit/audit.ts';
import { mostByChance } from '../services/snapshots/audit/chance.ts';
import { coincidencesOf } from '../services/snapshots/audit/coincidences.ts';
import { createCollection } from '../services/snapshots/audit/collector.ts';
import {
  arrayElements,
  createFields,
  hasBackslash,
  hstorePairs,
  rowFields,
  splitFields,
  unescapeField,
} from '../services/snapshots/audit/copy-fields.ts';
import { createCounts } from '../services/snapshots/audit/counts.ts';
import { addDistinct, countDistinct, createDistinct } from '../services/snapshots/audit/distinct.ts';
import { createFilter, filterMemory } from '../services/snapshots/audit/filter.ts';
import { createJoined, createRunReader, join } from '../services/snapshots/audit/groups.ts';
import { checkIntegrity } from '../services/snapshots/audit/integrity.ts';
import { createKeeper } from '../services/snapshots/audit/keeper.ts';
import { matchesOf } from '../services/snapshots/audit/matches.ts';
import { createOriginals } from '../services/snapshots/audit/originals.ts';
import { createPairReader } from '../services/snapshots/audit/pairs.ts';
import { createPhrases } from '../services/snapshots/audit/phrases.ts';
import { createSearch } from '../services/snapshots/audit/search.ts';
import { asNumber, keysOf } from '../services/snapshots/audit/setup.ts';
import { createSipHash } from '../services/snapshots/audit/siphash.ts';
import { spansIn, widen } from '../services/snapshots/audit/spans.ts';
import { lexemes } from '../services/snapshots/audit/tsvector.ts';
import { unitsOf } from '../services/snapshots/audit/units.ts';
import { judge } from '../services/snapshots/audit/verdict.ts';
import {
  clearWords,
  createWords,
  foursTo,
  keepLastWords,
  readWords,
  windowHash,
} from '../services/snapshots/audit/words.ts';
import { binaryRow } from './support/binary-rows.ts';
import { masking } from './support/masking.ts';

describe('SipHash-1-3', () => {
  // Key 00…0f, message of n bytes 00, 01, …: of a program that agrees with the reference implementation's vectors for
  // SipHash-2-4, and with Python 3.11, whose hash of bytes is SipHash-1-3.
  const vectors: Record<number, string> = {
    0: 'dcc40f055801acab',
    4: '2883d388605775cf',
    8: '8e9a298d11959036',
    12: 'a2d9b457b184a378',
    16: '668b907d1add4fcc',
    28: '0dd06cef02ed0bfb',
    60: 'ee44a6f7bce6f4f6',
  };
  const hash = createSipHash(Uint8Array.from({ length: 16 }, (_, index) => index));
  const message = new Int32Array(Uint8Array.from({ length: 72 }, (_, index) => index).buffer);
  const hex = ({ high, low }: { high: number; low: number }) => {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32LE(low, 0);
    bytes.writeInt32LE(high, 4);
    return bytes.toString('hex');
  };
  for (const [length, expected] of Object.entries(vectors)) {
    test(`of ${length} bytes`, () => assert.equal(hex(hash(message, 0, Number(length) / 4)), expected));
  }
  test('hashes a part of a buffer as it does the part alone', () => {
    assert.deepEqual({ ...hash(message, 5, 16) }, { ...hash(message.slice(5, 16), 0, 11) });
  });
});

/** Numbers below a bound, the same in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('words', () => {
  const words = createWords(Buffer.from('01234567'));
  const read = (text: string) => {
    clearWords(words);
    const bytes = Buffer.from(text);
    assert.equal(readWords(words, bytes, 0, bytes.length), bytes.length);
    return Array.from({ length: words.count }, (_, index) =>
      Buffer.from(words.text.subarray(words.starts[index]!, words.ends[index]!)).toString(),
    );
  };
  for (const [text, expected] of [
    ['Ann.Example@Shop.example', ['ann', 'example', 'shop', 'example']],
    ['+49 (30) 1234-567', ['49', '30', '1234', '567']],
    ['{"Key": ["ÄRGER – Ümläut\\n“quoted”"]}', ['key', 'ärger', 'ümläut', 'quoted']],
    ['', []],
    ['...', []],
    ['O\u2019Brien\u00a0x×y', ['o', 'brien', 'x', 'y']],
    ['Петров 王小明', ['петров', '王小明']],
  ] as const) {
    test(`of ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), expected));
  }

  test('are the same wherever they stand in a buffer, at any length, with what is in reach behind them', () => {
    const random = randomOf(1);
    const characters = [
      ...'aZz09xX @`[{/:\\x10\x19\x7f\'\n"',
      'é',
      'Ü',
      'ß',
      'Ж',
      '漢',
      'İ',
      '\u212a',
      '–',
      '\u00a0',
      '“',
      '𝔸',
    ];
    const small = (text: string) => [...text].map((one) => (one === 'İ' ? 'i' : one.toLowerCase())).join('');
    for (let turn = 0; turn < 5000; turn++) {
      const text = Array.from({ length: random(24) }, () => characters[random(characters.length)]).join('');
      const expected = text
        .split(/[^0-9a-zéüßж漢İ𝔸]+|(?<=漢)(?=[^漢])|(?<=[^漢])(?=漢)/iu)
        .filter((word) => word !== '');
      const [before, after] = ['q'.repeat(random(5)), 'q9'.repeat(random(3))];
      const bytes = Buffer.from(`${before}${text}${after}`);
      const start = before.length;
      const end = bytes.length - after.length;
      clearWords(words);
      assert.equal(readWords(words, bytes, start, end, false), end);
      const found = Array.from({ length: words.count }, (_, index) =>
        Buffer.from(words.text.subarray(words.starts[index]!, words.ends[index]!)).toString(),
      );
      assert.deepEqual(found, expected.map(small), JSON.stringify(text));
      const numbers = expected.map((word) => (/^[0-9]+$/.test(word) ? 1 : 0));
      assert.deepEqual([...words.numbers.subarray(0, words.count)], numbers, JSON.stringify(text));
      assert.equal(words.digits, expected.filter((_, index) => numbers[index]).join('').length);
      const there = windowHash(words, 0, words.count);
      read(expected.join(' '));
      assert.equal(windowHash(words, 0, words.count), there, JSON.stringify(text));
    }
  });

  test('numbers that begin in one piece and end in the next are given once', () => {
    read('12-34');
    const runs = createRunReader();
    const found: string[] = [];
    const note = (_hash: number, count: number, first: number, last: number) => found.push(`${count} ${first} ${last}`);
    runs(words, 0, 4, 9, note);
    assert.deepEqual(found, ['4 0 2']);
    found.length = 0;
    const more = Buffer.from(`-56-78-${'9'.repeat(100)}-1234`);
    assert.equal(readWords(words, more, 0, more.length), more.length);
    runs(words, 2, 4, 9, note);
    assert.deepEqual(found, ['6 0 3', '8 0 4', '4 1 3', '6 1 4', '4 2 4', '4 5 6']);
    found.length = 0;
    runs(words, 2, 4, 9, note, 1);
    assert.deepEqual(found, ['6 0 3', '8 0 4']);
  });

  test('numbers are given in every grouping, as the digits of one would be', () => {
    const random = randomOf(2);
    const runs = createRunReader();
    const alone = createWords(Buffer.from('01234567'));
    const joined = createJoined();
    for (let turn = 0; turn < 500; turn++) {
      const parts = Array.from({ length: 1 + random(8) }, () =>
        random(4) === 0 ? 'word' : String(random(10 ** (1 + random(6)))),
      );
      read(parts.join('-'));
      const found: string[] = [];
      runs(words, 0, 4, 9, (hash, count, first, last) => {
        const whole = parts.slice(first, last).join('');
        const bytes = Buffer.from(whole);
        clearWords(alone);
        readWords(alone, bytes, 0, bytes.length);
        join(joined, alone, 0, 1);
        assert.deepEqual([hash, count], [joined.hash, whole.length]);
        found.push(`${first} ${last}`);
      });
      const expected = parts.flatMap((_, first) =>
        parts.flatMap((_, index) => {
          const whole = parts.slice(first, index + 1).join('');
          return index >= first && /^[0-9]{4,9}$/.test(whole) ? [`${first} ${index + 1}`] : [];
        }),
      );
      assert.deepEqual(found, expected, parts.join('-'));
    }
  });

  test('a run of words has the same hash wherever it stands, another run another', () => {
    read('one two THREE four');
    const there = windowHash(words, 1, 3);
    read('two-three');
    assert.equal(windowHash(words, 0, 2), there);
    read('three two');
    assert.notEqual(windowHash(words, 0, 2), there);
  });

  test('text longer than there is room for is read in pieces that overlap', () => {
    const text = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `w${index}`).join(' '));
    read('w20000 w20001 w20002');
    const sought = windowHash(words, 0, 3);
    clearWords(words);
    let found = 0;
    let total = 0;
    for (let at = 0; at < text.length; ) {
      const fresh = words.count;
      at = readWords(words, text, at, text.length);
      total += words.count - fresh;
      for (let last = Math.max(3, fresh + 1); last <= words.count; last++) {
        if (windowHash(words, last - 3, last) === sought) found++;
      }
      keepLastWords(words, 3);
    }
    assert.equal(total, 40_000);
    assert.equal(found, 1);
  });
});

test('a run of words is a candidate wherever it stands, and nothing else is', () => {
  const random = randomOf(3);
  const vocabulary = [
    'li',
    'ann',
    'o',
    'Müller',
    'krzysztofowicz',
    'van',
    '7',
    '2024',
    'smith',
    '漢字',
    'averylongword',
  ];
  const phrase = (count: number) =>
    Array.from({ length: count }, () => vocabulary[random(vocabulary.length)]).join(' ');
  const audit = openAudit([], [1000]);
  try {
    const keys = keysOf(audit.setup);
    const [words, sipHash] = [createWords(keys.words), createSipHash(keys.sip)];
    const wordsOf = (text: string) => {
      clearWords(words);
      const bytes = Buffer.from(text);
      readWords(words, bytes, 0, bytes.length);
      return { ...sipHash(words.fours, 0, foursTo(words, words.count)) };
    };
    const keep = createKeeper(audit.setup, words, () => {});
    const originals = Array.from({ length: 40 }, () => phrase(1 + random(16)));
    const hashes = new Map(originals.map((original) => [JSON.stringify(wordsOf(original)), original.toLowerCase()]));
    for (const original of originals) keep.words(0, wordsOf(original), 16, 1);
    keep.flush();
    const search = createSearch(audit.setup, () => {});
    for (let turn = 0; turn < 300; turn++) {
      const text = random(2) ? phrase(1 + random(20)) : `${phrase(3)}, ${originals[random(40)]}; ${phrase(2)}`;
      const bytes = Buffer.from(text);
      search.value(bytes, 0, bytes.length, turn);
      const taken = search.candidates.take();
      const found = new Set<string | undefined>();
      for (let at = 0; at < taken.length; at += 4)
        found.add(hashes.get(JSON.stringify({ high: taken[at]! | 0, low: taken[at + 1]! | 0 })));
      const own = ` ${text
        .toLowerCase()
        .split(/[^\p{L}\p{N}]+/u)
        .join(' ')} `;
      const expected = new Set([...hashes.values()].filter((original) => own.includes(` ${original} `)));
      assert.deepEqual(found, expected, text);
    }
  } finally {
    audit.close();
  }
});

test('of a date or time, a number is looked for that begins with it, and none that begins in its middle', () => {
  const audit = openAudit([], [1000]);
  try {
    const keys = keysOf(audit.setup);
    const [words, sipHash] = [createWords(keys.words), createSipHash(keys.sip)];
    const keep = createKeeper(audit.setup, words, () => {});
    const joined = createJoined();
    for (const original of ['20250223', '02231618']) {
      clearWords(words);
      const bytes = Buffer.from(original);
      readWords(words, bytes, 0, bytes.length);
      const fours = join(joined, words, 0, 1);
      keep.digits(0, sipHash(joined.fours, 0, fours), joined);
    }
    keep.flush();
    const search = createSearch(audit.setup, () => {});
    const text = Buffer.from('2025-02-23 16:18:43+00');
    for (const [isMoment, found] of [
      [true, 1],
      [false, 2],
    ] as const) {
      search.value(text, 0, text.length, 0, isMoment);
      assert.equal(search.candidates.take().length / 4, found);
    }
  } finally {
    audit.close();
  }
});

describe('reading of COPY text', () => {
  test('fields, escapes, elements and lexemes', () => {
    const row = Buffer.from('a\t\\N\tb\\tc\\\\d\t\n');
    const fields = createFields();
    assert.equal(splitFields(fields, row, 0, row.length, 4), 4);
    assert.deepEqual([...fields.escaped.subarray(0, 4)], [0, 1, 1, 0]);
    assert.equal(unescapeField(row, fields.starts[2]!, fields.ends[2]!).toString(), 'b\tc\\d');
    assert.deepEqual(arrayElements('[0:2]={{a,"b \\"c\\", {d}"},{NULL,"NULL"},{"",x}}'), [
      'a',
      'b "c", {d}',
      null,
      'NULL',
      '',
      'x',
    ]);
    assert.deepEqual(hstorePairs('"a"=>"b \\"c\\"", "k, =>"=>NULL'), [
      ['a', 'b "c"'],
      ['k, =>', null],
    ]);
    assert.deepEqual(rowFields('(a,"b ""c"" \\\\ (d),",,"")'), ['a', 'b "c" \\ (d),', null, '']);
    assert.deepEqual(rowFields('(,x,)'), [null, 'x', null]);
    assert.deepEqual(rowFields('()'), [null]);
    const long = 'a"b\\c, '.repeat(2_000_000);
    const quoted = long.replace(/["\\]/g, '\\$&');
    assert.ok(arrayElements(`{x,"${quoted}"}`)[1] === long);
    assert.ok(hstorePairs(`"k"=>"${quoted}"`)[0]![1] === long);
    assert.ok(rowFields(`(1,"${quoted}")`)[1] === long);
    assert.equal(lexemes("'brien':2 'ann':1A,4 'o''x':3"), "ann brien o'x ann");
  });

  test('fields of any bytes end where they end, wherever they begin', () => {
    const fields = createFields();
    const random = randomOf(7);
    // What stands next to a tab, a newline and a backslash, and what has a high bit, more often than by chance.
    const likely = [0x01, 0x08, 0x0b, 0x0c, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0x89, 0x8a, 0xdc, 0xff, 0x61, 0x20];
    for (let round = 0; round < 20_000; round++) {
      const values = Array.from({ length: 1 + random(6) }, () =>
        Array.from({ length: random(9) }, () => likely[random(likely.length)]!),
      );
      const start = random(5);
      const row = values.flatMap((value, index) => [...value, index < values.length - 1 ? 0x09 : 0x0a]);
      // Not its own: what stands before and behind.
      const bytes = Buffer.from([...Array(start).fill(0x5c), ...row, ...Array(random(5)).fill(0x5c)]);
      const count = splitFields(fields, bytes, start, start + row.length, values.length + 1);
      assert.equal(count, values.length);
      for (const [index, value] of values.entries()) {
        const [from, to] = [fields.starts[index]!, fields.ends[index]!];
        const isEscaped = value.includes(0x5c);
        assert.deepEqual([...bytes.subarray(from, to)], value);
        assert.equal(fields.escaped[index] === 1, isEscaped, value.join());
        assert.equal(hasBackslash(fields, bytes, from, to), isEscaped, value.join());
      }
    }
  });
});

test('a filter holds what was added, and little else', () => {
  const filter = createFilter(filterMemory(100_000));
  for (let value = 0; value < 100_000; value++) filter.add(Math.imul(value, 0x9e3779b1), 2);
  filter.settle();
  for (let value = 0; value < 100_000; value++) assert.ok(filter.mayHold(Math.imul(value, 0x9e3779b1), 2));
  let wrong = 0;
  for (let value = 0; value < 100_000; value++) if (filter.mayHold(Math.imul(value, 0x85ebca6b) + 1, 3)) wrong++;
  assert.ok(wrong < 1000, `${wrong} of 100,000`);
  // Nineteen bits for each.
  assert.equal(filterMemory(28_000_000).byteLength, 64 << 20);
  assert.equal(filterMemory(1e9).byteLength, 64 << 20);
});

test('different values are counted within 5 %', () => {
  const hash = createSipHash(Buffer.alloc(16, 1));
  for (const many of [1, 10, 500, 5000, 200_000]) {
    const seen = createDistinct();
    for (let value = 0; value < many; value++) {
      const { high, low } = hash(Int32Array.of(value), 0, 1);
      addDistinct(seen, high, low);
    }
    assert.ok(Math.abs(countDistinct(seen) - many) <= many * 0.05, `${countDistinct(seen)} for ${many}`);
  }
});

test('different numbers of a text are counted, each once', () => {
  const { setup } = openAudit([], []);
  widen(spansIn(setup.spans), asNumber, 9);
  const search = createSearch(setup, () => {});
  const numbers = Array.from({ length: 50_000 }, (_, n) => String(123_456_789 + n));
  const text = Buffer.from([...numbers, ...numbers].join(', x '));
  search.value(text, 0, text.length, 3);
  const seen = search.takeNumbers()[3]!;
  assert.equal(seen.ofDigits[9], 100_000);
  assert.ok(Math.abs(countDistinct(seen.distinct) - 50_000) <= 2500, String(countDistinct(seen.distinct)));
  assert.deepEqual(search.takeNumbers(), []);
});

test('what chance explains', () => {
  assert.equal(mostByChance(0), 0);
  assert.equal(mostByChance(1e-7), 0);
  assert.equal(mostByChance(1e-5), 1);
  assert.equal(mostByChance(0.01), 2);
  assert.equal(mostByChance(1), 9);
  assert.ok(mostByChance(400) > 480 && mostByChance(400) < 520);
  assert.ok(mostByChance(10_000) === 10_500);
});

/** Collects rows (original and masked) of one table, searches texts, and judges. */
async function audited(
  columns: Record<string, { mask: string; [option: string]: unknown } | { keep: string }>,
  rows: [original: string[], masked: string[]][],
  result: Record<string, string[]>,
  memoryBytes?: number,
) {
  const plan = {
    schema: 'app',
    name: 'people',
    columns: Object.entries({ ...columns, kept: { keep: 'says nothing about anybody' } }).map(([name, rule]) => ({
      name,
      rule,
      by: 'column',
      place: {} as never,
      isArray: name === 'list',
    })),
  };
  const audit = openAudit([plan], [rows.length], memoryBytes);
  try {
    const collector = createCollection(audit.setup, audit.originals.add)(0, 'text')!;
    for (const pair of rows) {
      const [original, masked] = pair.map((fields) => Buffer.from(`${fields.join('\t')}\n`)) as [Buffer, Buffer];
      collector.row(original, 0, original.length, masked, 0, masked.length);
    }
    audit.addPart(collector.finish(), 0);
    const search = createSearch(audit.setup, audit.candidates.add);
    const places = Object.keys(result).map((column) => ({ name: `app.people.${column}`, table: 'app.people', column }));
    for (const [place, values] of Object.values(result).entries()) {
      for (const value of values) {
        const bytes = Buffer.from(value);
        search.value(bytes, 0, bytes.length, place);
      }
    }
    audit.candidates.add(search.candidates.take());
    const { isOften } = createPhrases(audit.setup.phrases);
    const matches = await matchesOf(audit.candidates, audit.originals, isOften, new AbortController().signal);
    const { units, counts, copied } = audit;
    const judged = judge({ units, counts, matches, places, numbers: search.takeNumbers(), isOften, copied });
    return { judged, spilledBytes: audit.originals.spilledBytes };
  } finally {
    audit.close();
  }
}

const leaks = (work: Promise<unknown>) =>
  work.then(
    () => [],
    (error) => {
      assert.equal(error.code, 'audit-failed', String(error));
      return error.errors.map(({ where, what }: { where: string; what: string }) => `${where} ${what}`) as string[];
    },
  );

describe('a search', () => {
  const rows = Array.from({ length: 300 }, (_, n): [string[], string[]] => [
    [
      `person${n}@corp.test`,
      `Call 0${n}: a note about somebody whose address is at${n}.home@corp.test, that is all there is`,
    ],
    [`m${n}.x@example.com`, `Lorem ipsum ${n}`],
  ]);
  const columns = { email: { mask: 'email' }, note: { mask: 'text' } };
  const clean = { email: rows.map(([, [email]]) => email!), note: rows.map(([, [, note]]) => note!) };

  for (const [what, text] of [
    ['a value', 'person7@corp.test'],
    ['a value in other case', 'Person7@CORP.test'],
    ['a sentence', 'please write to person7@corp.test, thanks'],
    ['an element', '{x,"person7@corp.test"}'],
    ['a key of a document', '{"a": {"person7@corp.test": 1}}'],
    ['a value of a document', '{"a": [1, {"b": "person7@corp.test"}]}'],
    ['an hstore', '"k"=>"person7@corp.test"'],
    ['a composite', '(1,person7@corp.test,"x y")'],
    ['a bytea', `\\x${Buffer.from('..person7@corp.test..').toString('hex')}`],
    ['an element that is a bytea', `{"\\\\x${Buffer.from('person7@corp.test').toString('hex')}"}`],
    [
      'a bytea, two million bytes on',
      `\\x${'00'.repeat(2_000_000)}${Buffer.from('person7@corp.test').toString('hex')}${'00'.repeat(100_000)}`,
    ],
    [
      'a bytea of an array, twenty thousand bytes on',
      `{"\\\\x${'00'.repeat(20_000)}${Buffer.from('person7@corp.test').toString('hex')}${'00'.repeat(9)}"}`,
    ],
    [
      'a bytea of an array, a hundred thousand bytes on',
      `{"\\\\x${'00'.repeat(100_000)}${Buffer.from('person7@corp.test').toString('hex')}${'00'.repeat(9)}"}`,
    ],
    ['a value behind a word of two hundred thousand letters', `${'word'.repeat(50_000)} person7@corp.test`],
    ['a value behind letters that are longer when they are small', `${'Ⱥ'.repeat(50_000)} person7@corp.test`],
    ['a value a hundred thousand words on', `${'lorem ipsum '.repeat(50_000)}person7@corp.test`],
  ]) {
    test(`finds an original as ${what}`, async () => {
      const found = await leaks(audited(columns, rows, { ...clean, kept: ['nothing', text!] }));
      assert.deepEqual(found, ['app.people.kept holds 1 original of app.people.email (1 time)']);
    });
  }

  test('finds long text as a whole, by itself and as a string of a document, and addresses that were in it', async () => {
    const [, long] = rows[5]![0];
    assert.deepEqual(await leaks(audited(columns, rows, { ...clean, kept: [long!] })), [
      'app.people.kept holds 2 originals of app.people.note (2 times)',
    ]);
    assert.deepEqual(await leaks(audited(columns, rows, { ...clean, kept: [JSON.stringify({ id: 5, body: long })] })), [
      'app.people.kept holds 2 originals of app.people.note (2 times)',
    ]);
    assert.deepEqual(await leaks(audited(columns, rows, { ...clean, kept: ['see at5.home@corp.test'] })), [
      'app.people.kept holds 1 original of app.people.note (1 time)',
    ]);
  });

  test('finds long text as a string wherever the room for words ends before it', async () => {
    const [, long] = rows[5]![0];
    for (const before of [8190, 8191, 8192, 8193, 8194]) {
      const text = JSON.stringify(['a '.repeat(before).trim(), long, 'end here']);
      const found = await leaks(audited(columns, rows, { ...clean, kept: [text] }));
      assert.deepEqual(found, ['app.people.kept holds 2 originals of app.people.note (2 times)'], String(before));
    }
  });

  test('finds text of 64 kB as a whole, whatever the length of its words', async () => {
    for (const letters of [7, 8, 9, 36]) {
      const long = (n: number) => {
        const word = (index: number) => `${index}`.padStart(letters, 'abcdefgh'.repeat(5));
        return Array.from({ length: Math.floor(64_000 / (letters + 1)) }, (_, index) => word(index + n)).join(' ');
      };
      const noted = [0, 1, 2].map((n): [string[], string[]] => [[long(n)], [`Lorem ipsum ${n}`]]);
      const found = await leaks(audited({ note: { mask: 'text' } }, noted, { note: ['Lorem'], kept: [long(1)] }));
      assert.deepEqual(found, ['app.people.kept holds 1 original of app.people.note (1 time)'], String(letters));
    }
  });

  test('finds long text as a string of a document that is longer than what is read at once', async () => {
    const [, long] = rows[5]![0];
    const filler = Array.from({ length: 2000 }, (_, n) => `filler ${n} of the document`);
    for (const strings of [
      [...filler, long, ...filler],
      [...filler, ...filler, ...filler, ...filler, long],
    ]) {
      assert.deepEqual(await leaks(audited(columns, rows, { ...clean, kept: [JSON.stringify(strings)] })), [
        'app.people.kept holds 2 originals of app.people.note (2 times)',
      ]);
    }
  });

  test('finds names in small letters of any script', async () => {
    const names = ['Łukasz Wójcik7 Żak', 'ÇAĞLA ŞİMŞEK 77', 'Алексей Петров 7', 'ΝΊΚΟΣ ΠΑΠΠΆΣ 7', 'NGUYỄN THỊ HƯƠNG 7'];
    const people = names.map((name): [string[], string[]] => [[name], ['Lorem ipsum']]);
    for (const name of names) {
      const kept = [name.toLowerCase().normalize('NFC').replaceAll('i\u0307', 'i')];
      const found = await leaks(audited({ name: { mask: 'full_name' } }, people, { kept }));
      assert.deepEqual(found, ['app.people.kept holds 1 original of app.people.name (1 time)'], name);
    }
  });

  test('finds the shortest original by itself, where its capital letters take fewer bytes, and passes over what is shorter', async () => {
    const people: [string[], string[]][] = [[['ⱥⱥⱥⱥ ⱦⱦⱦⱦ7'], ['Lorem ipsum']]];
    const kept = ['ȺȺȺȺ ȾȾȾȾ7', 'ȺȺȺȺ'];
    const found = await leaks(audited({ name: { mask: 'full_name' } }, people, { kept }));
    assert.deepEqual(found, ['app.people.kept holds 1 original of app.people.name (1 time)']);
    const ids: [string[], string[]][] = [[['ⱥⱥⱥⱥⱥⱥⱥⱥⱥⱥ1234'], ['x']]];
    const grouped = ['ȺȺȺȺȺ-ȺȺȺȺȺ1234'];
    assert.deepEqual(await leaks(audited({ name: { mask: 'national_id' } }, ids, { kept: grouped })), found);
  });

  test('finds what has a backslash as itself, in a document and in an array', async () => {
    const account = 'CORP\\nina.bergmann77';
    const copied: [string[], string[]][] = [[[account.replaceAll('\\', '\\\\')], ['token']]];
    for (const kept of [account, JSON.stringify({ account }), `{${JSON.stringify(account)}}`]) {
      const found = await leaks(audited({ name: { mask: 'token' } }, copied, { kept: [kept] }));
      assert.deepEqual(found, ['app.people.kept holds 1 original of app.people.name (1 time)'], kept);
    }
  });

  test('finds nothing where nothing is, and says what it judged', async () => {
    const { judged } = await audited(columns, rows, { ...clean, kept: ['person7 at corp', 'person@corp.test'] });
    const [email, note] = judged;
    assert.equal(email!.values, 300);
    assert.equal(email!.searched, 300);
    assert.equal(email!.equal, 0);
    assert.ok(Math.abs(email!.distinctIn - 300) <= 20);
    assert.equal(note!.searched, 600);
  });

  test('originals in a file are found as those in memory are', async () => {
    const many = Array.from({ length: 70_000 }, (_, n): [string[], string[]] => [
      [`person${n}@corp.test`, `note`],
      [`m${n}.x@example.com`, `Lore`],
    ]);
    const kept = ['person3@corp.test', 'person69999@corp.test'];
    const found = await leaks(audited(columns, many, { kept }, 1000));
    assert.deepEqual(found, ['app.people.kept holds 2 originals of app.people.email (2 times)']);
    assert.deepEqual(await leaks(audited(columns, many, { kept })), found);
  });
});

describe('judging row by row', () => {
  const many = (make: (n: number) => [string, string], count = 200) =>
    Array.from({ length: count }, (_, n): [string[], string[]] => {
      const [original, masked] = make(n);
      return [[original], [masked]];
    });

  test('one value that is masked with itself fails a technique that never does', async () => {
    const rows = many((n) => [`person${n}@corp.test`, n === 3 ? 'person3@corp.test' : `m${n}@example.com`]);
    assert.deepEqual(await leaks(audited({ email: { mask: 'email' } }, rows, {})), [
      'app.people.email 1 of 200 values came out of email as they went in',
    ]);
  });

  test('a technique that nobody knows is judged as strictly', async () => {
    const rows = many((n) => [`secret ${n} of somebody 12345`, n === 3 ? `secret 3 of somebody 12345` : 'x']);
    assert.equal((await leaks(audited({ it: { mask: 'invented_tomorrow' } }, rows, {}))).length, 1);
    const clean = many((n) => [`secret ${n} of somebody 12345`, 'x']);
    assert.deepEqual(
      await leaks(audited({ it: { mask: 'invented_tomorrow' } }, clean, { kept: ['a secret 9 of somebody 12345!'] })),
      ['app.people.kept holds 1 original of app.people.it (1 time)'],
    );
  });

  test('a dictionary meets an original now and then, but not always', async () => {
    const names = ['Anna', 'Bert', 'Carla', 'Dora', 'Emil', 'Fritz', 'Gerda', 'Hans', 'Ida', 'Karl'];
    const some = many((n) => [names[n % 10]!, names[(n + (n % 10 === 0 ? 0 : 1)) % 10]!]);
    const { judged } = await audited({ first: { mask: 'first_name' } }, some, { first: names, kept: names });
    assert.equal(judged[0]!.judged, 'per-row');
    assert.equal(judged[0]!.equal, 20);
    const all = many((n) => [names[n % 10]!, names[n % 10]!]);
    assert.equal((await leaks(audited({ first: { mask: 'first_name' } }, all, {}))).length, 1);
  });

  test('what many rows say in the same words, and moments, may stand elsewhere; what one says may not', async () => {
    const rows = many((n) => [
      n < 25 ? 'waiting for the payment' : `only this person ${'x'.repeat(n)} says it`,
      'Lorem',
    ]);
    rows[60]![0][0] = '2024-03-04T10:11:12.345Z';
    const kept = { kept: ['waiting for the payment', '2024-03-04T10:11:12.345Z'] };
    const { judged } = await audited({ note: { mask: 'text' } }, rows, kept);
    assert.equal(judged[0]!.judged, 'everywhere');
    const said = { kept: [`only this person ${'x'.repeat(50)} says it`] };
    assert.equal((await leaks(audited({ note: { mask: 'text' } }, rows, said))).length, 1);
  });

  test('short values of a shape may stay; long ones may not', async () => {
    const short = many((n) => [`${n % 10}`, `${(n * 7) % 10}`]);
    assert.deepEqual(await leaks(audited({ code: { mask: 'token' } }, short, {})), []);
    const long = many((n) => [`AB-${1e9 + n}`, `AB-${1e9 + n}`]);
    assert.equal((await leaks(audited({ code: { mask: 'token' } }, long, {}))).length, 1);
  });

  test('integer keys that become one another’s are no leaks, nor are those of ten digits, of which there are few', async () => {
    const mask = masking({ mask: 'token' }, { family: 'integer', type: 'int4' });
    const small = many((n) => [`${n}`, mask(`${n}`)]);
    const made = (rows: [string[], string[]][]) => ({ id: rows.map(([, [id]]) => id!) });
    assert.deepEqual(await leaks(audited({ id: { mask: 'token' } }, small, made(small))), []);
    // As the mask would, but quicker: anywhere from 10⁹ to 2³¹.
    const large = many((n) => [`${1e9 + n}`, `${1e9 + ((n * 6_700_417 + 1_299_709) % 1_147_483_648)}`], 200_000);
    const { judged } = await audited({ id: { mask: 'token' } }, large, made(large));
    assert.ok(judged[0]!.coincidences > 20, String(judged[0]!.coincidences));
  });

  test('what masking made of somebody else is a coincidence, what it did not make is a leak', async () => {
    const rows = many((n) => [`Anna Berger${n}`, `Karl Meier${n}`]);
    rows[0]![1][0] = 'Anna Berger5';
    const made = rows.map(([, [name]]) => name!);
    const columns = { name: { mask: 'full_name' } };
    const { judged } = await audited(columns, rows, { name: made, view: [...made, 'by Anna Berger5'] });
    assert.equal(judged[0]!.coincidences, 1);
    assert.deepEqual(await leaks(audited(columns, rows, { name: made, kept: ['by Anna Berger6'] })), [
      'app.people.kept holds 1 original of app.people.name (1 time)',
    ]);
  });

  test('a number is found in other groups, in text and in documents, and not within a longer word', async () => {
    const columns = { phone: { mask: 'phone' } };
    const rows = many((n) => [`+49 30 ${55_500_000 + n * 7}`, `+49 81 ${91_300_000 + n * 11}`]);
    for (const text of [
      'call +49-30-5550-0014 now',
      '{"n": 493055500014}',
      '493055500014',
      '(+49) 30/55 50 00 14, or 7',
    ]) {
      assert.deepEqual(await leaks(audited(columns, rows, { kept: [text] })), [
        'app.people.kept holds 1 original of app.people.phone (1 time)',
      ]);
    }
    await audited(columns, rows, { kept: ['x493055500014', '4930555000145', '49 30 5550 0015'] });
  });

  test('an account, a UUID, a device’s address and a national id are found in any groups', async () => {
    const found: [kind: string, original: string, masked: string, written: string[]][] = [
      [
        ...(['iban', 'DE89370400440532013000', 'DE02120300000000202051'] as const),
        ['paid to DE89 3704 0044 0532 0130 00.', '{"to":"de89-3704-0044-0532-0130-00"}', '{DE89370400440532013000}'],
      ],
      [
        ...(['iban', 'MT84 MALT 0110 0001 2345 MTLC AST0 01S', 'MT00 AAAA'] as const),
        ['MT84MALT011000012345MTLCAST001S', '{"a":[1,"MT84-MALT-0110-0001-2345-MTLC-AST0-01S"]}'],
      ],
      [
        ...(['uuid', '7c9e6679-7425-40de-944b-e07fc1f90ae7', 'f47ac10b-58cc-4372-a567-0e02b2c3d479'] as const),
        [
          'https://shop.example/u/7C9E6679742540DE944BE07FC1F90AE7?x=1',
          'urn:uuid:7c9e6679-7425-40de-944b-e07fc1f90ae7',
        ],
      ],
      ['mac', '08:00:2b:01:02:0f', '02:aa:2b:01:02:03', ['seen 0800.2b01.020f', '08002B01020F', '08-00-2b-01-02-0f']],
      ['national_id', 'RSSMRA85T10A562S', 'AAAAAA00A00A000A', ['RSS MRA 85T10 A562S']],
    ];
    for (const [mask, original, masked, written] of found) {
      for (const text of written)
        assert.deepEqual(
          await leaks(audited({ id: { mask } }, [[[original], [masked]]], { id: [masked], kept: [text] })),
          ['app.people.kept holds 1 original of app.people.id (1 time)'],
          text,
        );
      // One character more, or a word between, is another.
      const others = [`${original}0`, `0${original}`, original.replace(/^(.{6})/, '$1 or ')];
      assert.deepEqual(
        await leaks(audited({ id: { mask } }, [[[original], [masked]]], { id: [masked], kept: others })),
        [],
      );
    }
  });

  test('a device’s address of digits alone is no moment', async () => {
    const kept = ['2024-05-01 00:50:56.123456+00'];
    const work = audited({ id: { mask: 'mac' } }, [[['00:50:56:12:34:56'], ['02:aa:2b:01:02:03']]], { kept });
    assert.deepEqual(await leaks(work), []);
    const same = ['at 00-50-56-12-34-56'];
    assert.equal(
      (await leaks(audited({ id: { mask: 'mac' } }, [[['00:50:56:12:34:56'], ['02:aa:2b:01:02:03']]], { kept: same })))
        .length,
      1,
    );
  });

  test('signs of any script, and pictures, stand between words; so do other letters where a script has no spaces', async () => {
    const columns = { name: { mask: 'full_name' }, phone: { mask: 'phone' }, mail: { mask: 'email' } };
    const rows: [string[], string[]][] = [
      [
        ['Zofia Quellmann', '13812345678', 'zofia7@corp.test'],
        ['Karl Meier', '13900000000', 'karl@example.com'],
      ],
    ];
    for (const [column, text] of [
      ['name', '客户：Zofia Quellmann，电话：无。'],
      ['name', '来自Zofia Quellmann的'],
      ['name', '🎉Zofia Quellmann™'],
      ['name', '\ufeffZofia Quellmann→ok'],
      ['name', '✓️Zofia Quellmann│5€'],
      ['name', '№Zofia Quellmann،'],
      ['phone', '电话13812345678。'],
      ['phone', 'โทร13812345678ครับ'],
      ['mail', 'メールはzofia7@corp.testです'],
      ['mail', '邮箱：zofia7@corp.test，'],
    ] as const) {
      assert.deepEqual(
        await leaks(audited(columns, rows, { kept: [text] })),
        [`app.people.kept holds 1 original of app.people.${column} (1 time)`],
        text,
      );
    }
  });

  test('an address of many words is found in a sentence and as an element; a long token, too', async () => {
    const mail = 'anna-maria.von-der-x1y.privat@mail.uni-koeln.test';
    const token = 'ab12-cd34-ef56-ab78-cd90-ef12-ab34-cd56-ef78-ab90';
    const columns = { mail: { mask: 'email' }, token: { mask: 'token' } };
    const rows: [string[], string[]][] = [
      [
        [mail, token],
        ['x@example.com', 'zz99-yy88'],
      ],
    ];
    for (const text of [`Mail an ${mail} geschickt`, `{a@b.de,${mail}}`, `(1,${mail},"a b")`])
      assert.deepEqual(await leaks(audited(columns, rows, { kept: [text] })), [
        'app.people.kept holds 1 original of app.people.mail (1 time)',
      ]);
    assert.deepEqual(await leaks(audited(columns, rows, { kept: [`see ${token} for more`] })), [
      'app.people.kept holds 1 original of app.people.token (1 time)',
    ]);
  });

  test('text that is longer than the room for words is searched by pieces, up to its end', async () => {
    const random = randomOf(7);
    const word = () => Array.from({ length: 4 + random(6) }, () => String.fromCharCode(97 + random(26))).join('');
    const text = Array.from({ length: 30_000 }, word).join(' ');
    const rows: [string[], string[]][] = [[[text], ['Lorem ipsum']]];
    const search = (kept: string) =>
      leaks(audited({ body: { mask: 'text' } }, rows, { body: ['Lorem ipsum'], kept: [kept] }));
    const half = text.length / 2;
    for (const copy of [text, `said: ${text}`, text.slice(0, half), text.slice(half)])
      assert.match((await search(copy)).join(), /^app.people.kept holds \d+ originals of app.people.body/);
    assert.deepEqual(await search(Array.from({ length: 30_000 }, word).join(' ')), []);
    const { judged } = await audited({ body: { mask: 'text' } }, rows, { body: ['Lorem ipsum'] });
    assert.deepEqual([judged[0]!.judged, judged[0]!.searched], ['everywhere', 1]);
  });

  test('a network’s address is found without its prefix, and one of version 6 with groups left out', async () => {
    for (const [original, kept] of [
      ['84.170.10.77/32', '84.170.10.77'],
      ['184.17.101.77/24', 'from 184.17.101.77 on'],
      ['2a02:1001::1', '{"ip": "2a02:1001::1"}'],
      ['2a02:1001:2:3:4:5:6:7/64', 'at 2a02:1001:2:3:4:5:6:7.'],
    ] as const)
      assert.deepEqual(
        await leaks(audited({ ip: { mask: 'ip' } }, [[[original], ['10.1.2.3']]], { kept: [kept] })),
        ['app.people.kept holds 1 original of app.people.ip (1 time)'],
        original,
      );
  });

  test('a number of a case that begins with a date is no moment', async () => {
    const rows = many((n) => [`2023-04-12-${880_000 + n}`, `x${n}`]);
    const columns = { no: { mask: 'token' } };
    assert.deepEqual(await leaks(audited(columns, rows, { kept: ['Re: case 2023-04-12-880007'] })), [
      'app.people.kept holds 1 original of app.people.no (1 time)',
    ]);
    const moments = [
      ...['2024-03-04', '2024-03-04 10:11', '2024-03-04T10:11:12.345Z', '2024-03-04 10:11:12.345678+05:30'],
      ...['2024-03-04T10:11Z', '2024-03-04 10:11:12-03', '1945-03-07 10:11:12 Z'],
    ];
    const { judged } = await audited(
      columns,
      many((n) => [moments[n % moments.length]!, 'x']),
      {},
    );
    assert.equal(judged[0]!.searched, 0);
  });

  test('a login with characters that are drawn meets nobody else’s by chance', async () => {
    const rows = many((n) => [`login_${(n * 7_654_321).toString(16)}a9`, `brave_lion_${n}`], 20_000);
    const made = rows.map(([, [one]]) => one!);
    const columns = { login: { mask: 'username' } };
    const work = audited(columns, rows, { login: [...made, rows[5]![0][0]!] });
    assert.deepEqual(await leaks(work), ['app.people.login holds 1 original of app.people.login (1 time)']);
  });

  test('an address is not found in moments, but behind them, and in what is no moment', async () => {
    const rows: [string[], string[]][] = [[['23.16.18.43'], ['10.9.8.7']]];
    const search = (kept: string[]) => leaks(audited({ ip: { mask: 'ip' } }, rows, { ip: ['10.9.8.7'], kept }));
    const moments = ['2025-02-23 16:18:43.123456+00', '{"at": "2025-02-23T16:18:43Z"}', 'on 2025-02-23 at'];
    assert.deepEqual(
      await search([...moments, '2025-11-12 23:16:18.43+02', '["2025-02-23 16:18:43","2025-02-24 00:00:00")']),
      [],
    );
    for (const text of [
      '2025-02-23 16:18:43 23.16.18.43 GET /',
      '2025-02-23 16:18:43.123 23.16.18.43',
      '2025-02-23T16:18:43+00:00 from 23.16.18.43',
      '2025-02-23 16:18 23.16.18.43',
      '2525-02-23 16:18:43',
      '2025-13-23 16:18:43',
      '{23,16,18,43}',
    ]) {
      assert.deepEqual(await search([text]), ['app.people.kept holds 1 original of app.people.ip (1 time)'], text);
    }
  });

  test('private addresses that become one another’s are no leaks: all that is made of them is in 10.0.0.0/8', async () => {
    const of = (n: number) => `10.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
    const rows = many((n) => [of(n * 7919), of(n * 104_729 + 1)], 60_000);
    const ip = rows.map(([, [masked]]) => masked!);
    const { judged } = await audited({ ip: { mask: 'ip' } }, rows, { ip });
    assert.ok(judged[0]!.coincidences > 100, String(judged[0]!.coincidences));
    const { atMost } = judged[0]!.byChance![0]!;
    assert.ok(atMost < 400, String(atMost));
    // What is nobody's masked address is met by no chance.
    const publicRows = many((n) => [`93.${(n >>> 8) & 255}.${n & 255}.34`, of(n * 104_729 + 1)], 60_000);
    const masked = { ip: [...publicRows.map(([, [one]]) => one!), '93.201.102.34'] };
    assert.deepEqual(await leaks(audited({ ip: { mask: 'ip' } }, publicRows, masked)), [
      'app.people.ip holds 1 original of app.people.ip (1 time)',
    ]);
  });

  test('characters in groups are found wherever the room for words ends', async () => {
    const original = 'MT84MALT011000012345MTLCAST001S';
    const groups = original.replace(/(.{4})/g, '$1 ');
    for (let before = 8180; before < 8200; before++) {
      const text = `${'a '.repeat(before)}${groups}${' b'.repeat(20)}`;
      assert.equal(
        (await leaks(audited({ id: { mask: 'iban' } }, [[[original], ['MT00']]], { kept: [text] }))).length,
        1,
      );
    }
  });

  test('bits, and numbers that stand for none, are ordinary values', async () => {
    const bits = many((n) => [n.toString(2).padStart(12, '0'), ((n * 37 + 11) % 4096).toString(2).padStart(12, '0')]);
    bits[5]![1] = bits[5]![0];
    const columns = { flags: { mask: 'bytes' }, phone: { mask: 'phone' } };
    const rows = bits.map(([[original], [masked]]): [string[], string[]] => [
      [original!, '0000000000'],
      [masked!, '0000000000'],
    ]);
    assert.deepEqual(await leaks(audited(columns, rows, { kept: ['000000000101', '0000000000'] })), []);
  });

  test('phone numbers that change hands are more than a coincidence', async () => {
    const number = (n: number) => `+49 30 ${10_000_000 + n * 37}`;
    const columns = { phone: { mask: 'phone' } };
    const rows = many((n) => [number(n), number((n + 1) % 200)]);
    const found = await leaks(audited(columns, rows, { phone: rows.map(([, [phone]]) => phone!) }));
    assert.deepEqual(found, [
      'app.people.phone holds 200 originals of app.people.phone (200 times); chance explains 1 at most',
    ]);
  });

  test('fields of a document by their own technique, kept ones not at all; elements one by one', async () => {
    const columns = {
      document: { mask: 'json', fields: { 'a.mail': 'email', 'a.kept': { keep: 'x' }, 'list.n': 'number' } },
      list: { mask: 'email' },
    };
    const original = (n: number) =>
      JSON.stringify({
        a: { mail: `p${n}.person@corp.test`, kept: 'the same' },
        list: [{ n: 5000 + n }],
        b: 'something said here in 2024',
      });
    const masked = (n: number) =>
      JSON.stringify({ a: { mail: `m${n}@example.com`, kept: 'the same' }, list: [{ n: 4000 + n }], b: 'Lorem' });
    const rows = Array.from({ length: 50 }, (_, n): [string[], string[]] => [
      [original(n), `{one${n}.x@corp.test,NULL,"two${n}.x@corp.test"}`],
      [masked(n), `{m1.x@example.com,NULL,m2.x@example.com}`],
    ]);
    const { judged } = await audited(columns, rows, { kept: ['the same'] });
    const values = Object.fromEntries(
      judged.map(({ column, technique, values }) => [`${column} ${technique}`, values]),
    );
    assert.deepEqual(values, {
      'document json': 0,
      'document json: text': 50,
      'document json: email': 50,
      'document json: number': 50,
      'list email': 100,
    });
    rows[4]![1][0] = original(4);
    assert.deepEqual(await leaks(audited(columns, rows, {})), [
      'app.people.document 1 of 50 values came out of json: email as they went in',
      'app.people.document 1 of 50 values came out of json: text as they went in',
    ]);
  });
});

describe('what chance explains, and what it does not', () => {
  const keep = { keep: 'says nothing about anybody' };
  const rowsOf = (count: number, make: (n: number) => [original: string[], masked: string[]]) =>
    Array.from({ length: count }, (_, n) => make(n));
  /** Nine digits, in no order. */
  const id = (n: number) => String(100_000_000 + ((n * 7_368_787 + 23_456_789) % 899_999_999));
  const masked = (n: number) => String(100_000_000 + ((n * 5_915_587 + 12_345) % 899_999_999));
  const ids = rowsOf(20_000, (n) => [[id(n)], [masked(n)]]);
  const national = { national: { mask: 'national_id' } };

  test('ids in notes are leaks, however many words stand beside them', async () => {
    const prose = 'what was said that day on the line '.repeat(12);
    const kept = Array.from({ length: 10_000 }, (_, n) => (n < 150 ? `${prose} ${id(n * 7)}` : prose));
    assert.deepEqual(await leaks(audited(national, ids, { kept })), [
      'app.people.kept holds 150 originals of app.people.national (150 times); chance explains 2 at most',
    ]);
  });

  test('ids among other numbers are leaks, however often each is in the masked column', async () => {
    const repeated = rowsOf(50_000, (n) => [[id(n % 500)], [masked(n % 500)]]);
    const kept = Array.from({ length: 50_000 }, (_, n) => (n < 30 ? id(n * 10) : masked(1_700_000 + n)));
    assert.deepEqual(await leaks(audited(national, repeated, { kept })), [
      'app.people.kept holds 30 originals of app.people.national (30 times); chance explains 3 at most',
    ]);
  });

  test('numbers of another length explain none', async () => {
    const kept = Array.from({ length: 50_000 }, (_, n) => (n < 10 ? id(n) : `5${masked(900_000 + n)}`));
    const others = { number: { mask: 'token' }, national: { mask: 'national_id' } };
    const rows = ids.map(([[one], [other]], n): [string[], string[]] => [
      [`77${one}`, one!],
      [`88${masked(n)}`, other!],
    ]);
    assert.deepEqual(await leaks(audited(others, rows, { kept })), [
      'app.people.kept holds 10 originals of app.people.national (10 times); chance explains 1 at most',
    ]);
  });

  test('a number that another meets by chance is no leak, and the report says where it stands', async () => {
    const kept = Array.from({ length: 20_000 }, (_, n) => (n < 2 ? id(n) : masked(900_000 + n)));
    const { judged } = await audited(national, ids, { kept });
    const [{ coincidences, byChance }] = judged as [(typeof judged)[number]];
    assert.equal(coincidences, 2);
    assert.deepEqual(byChance, [{ where: 'app.people.kept', originals: 2, atMost: 6 }]);
  });

  test('numbers explain nothing that has letters', async () => {
    const rows = ids.map(([original, masked], n): [string[], string[]] =>
      n === 7 ? [['Agent Orchid 4711 of Bonn'], ['Lorem ipsum 1234 do sit']] : [original, masked],
    );
    const kept = ['see Agent Orchid 4711 of Bonn', ...rows.map((_, n) => masked(900_000 + n))];
    assert.deepEqual(await leaks(audited(national, rows, { kept })), [
      'app.people.kept holds 1 original of app.people.national (1 time)',
    ]);
  });

  for (const [what, rule, document] of [
    [
      'a key of a document',
      { mask: 'json', fields: { '*.email': 'email' } },
      (name: string, email: string) => ({ [name]: { email } }),
    ],
    [
      'a kept field of a document',
      { mask: 'json', fields: { email: 'email', by: keep } },
      (by: string, email: string) => ({ email, by }),
    ],
  ] as const) {
    test(`a name in ${what} is a leak, whatever words masking makes beside it`, async () => {
      const name = (n: number) => `Anna Berger${n}`;
      const rows = rowsOf(300, (n) => [
        [name(n), JSON.stringify(document(name(n), `p${n}.person@corp.test`))],
        [`Karl Meier${n}`, JSON.stringify(document(name(n), `james.smith.${n}x@example.com`))],
      ]);
      const docs = rows.map(([, [, masked]]) => masked!);
      assert.deepEqual(await leaks(audited({ name: { mask: 'full_name' }, docs: rule }, rows, { docs })), [
        'app.people.docs holds 300 originals of app.people.name (300 times); chance explains 4 at most',
      ]);
    });
  }

  test('names of the dictionary meet in columns, documents and views as often as chance has it', async () => {
    const { firstNames, lastNames } = dictionaries();
    const hash = createSipHash(Buffer.alloc(16, 2));
    const name = (n: number) => {
      const { high, low } = hash(Int32Array.of(n), 0, 1);
      return `${firstNames[(high >>> 0) % firstNames.length]} ${lastNames[(low >>> 0) % lastNames.length]}`;
    };
    const document = (n: number) => JSON.stringify({ id: 'x', by: name(n) });
    const rows = rowsOf(4000, (n) => [
      [name(n), document(n)],
      [name(n + 100_000), document(n + 100_000)],
    ]);
    const made = rows.map(([, [masked]]) => masked!);
    const columns = { name: { mask: 'full_name' }, docs: { mask: 'json', fields: { by: 'full_name' } } };
    const result = { name: made, docs: rows.map(([, [, masked]]) => masked!), view: made };
    const { judged } = await audited(columns, rows, result);
    const { byChance, coincidences } = judged[0]!;
    assert.ok(coincidences > 0);
    assert.deepEqual(byChance!.map(({ where }) => where).sort(), [
      'app.people.docs',
      'app.people.name',
      'app.people.view',
    ]);
    // Where nothing is masked, it does not explain them.
    assert.deepEqual(
      await leaks(
        audited(columns, rows, { ...result, kept: [made.find((one) => rows.some(([[name]]) => name === one))!] }),
      ),
      [
        'app.people.kept holds 1 original of app.people.docs (1 time)',
        'app.people.kept holds 1 original of app.people.name (1 time)',
      ],
    );
  });

  test('tens of thousands of values that stay are counted to the last', async () => {
    const rows = rowsOf(30_000, (n) => [[`Name${n}`], [`Name${n}`]]);
    assert.deepEqual(await leaks(audited({ first: { mask: 'first_name' } }, rows, {})), [
      'app.people.first 30000 of 30000 values came out of first_name as they went in',
    ]);
  });

  test('a shuffle moves every value, of one character too', async () => {
    const rows = rowsOf(300, (n) => [[`${n % 7}`], [n % 7 === 3 ? '3' : `${(n + 1) % 7}`]]);
    assert.deepEqual(await leaks(audited({ grade: { mask: 'shuffle' } }, rows, {})), [
      'app.people.grade 43 of 300 values came out of shuffle as they went in',
    ]);
    const moved = rowsOf(300, (n) => [[`${n % 7}`], [`${(n + 1) % 7}`]]);
    assert.deepEqual(await leaks(audited({ grade: { mask: 'shuffle' } }, moved, {})), []);
    const lists = rowsOf(300, (n) => [[`{1,${n % 7}}`], [`{1,${(n + 1) % 7}}`]]);
    assert.deepEqual(await leaks(audited({ list: { mask: 'shuffle' } }, lists, {})), []);
  });

  test('of what is generalised or drawn, nearly all values that stay are a warning', async () => {
    const rule = { born: { mask: 'generalise', to: 'month' } };
    const same = rowsOf(200, (n) => [[`19${10 + (n % 80)}-01-01`], [`19${10 + (n % 80)}-01-01`]]);
    assert.equal((await audited(rule, same, {})).judged[0]!.warning, '200 of 200 values are what they were');
    const coarser = rowsOf(200, (n) => [
      [`1980-01-${10 + (n % 20)}`],
      [n % 2 ? '1980-01-01' : `1980-01-${10 + (n % 20)}`],
    ]);
    assert.equal((await audited(rule, coarser, {})).judged[0]!.warning, undefined);
  });

  test('a phone is somebody’s, though many rows say it in a column of another kind', async () => {
    const number = (n: number) => `+49 30 ${55_500_000 + n * 7}`;
    const rows = rowsOf(400, (n) => [
      [number(n), n < 30 ? number(5) : `AB-${1e9 + n}-X`],
      [`+49 81 ${91_300_000 + n * 11}`, `QX-${5e9 + n * 3}-Y`],
    ]);
    const columns = { phone: { mask: 'phone' }, code: { mask: 'token' } };
    assert.deepEqual(await leaks(audited(columns, rows, { kept: [`call ${number(5)}`] })), [
      'app.people.kept holds 1 original of app.people.phone (1 time)',
    ]);
  });

  test('a column of which nothing is searched says so', async () => {
    const rows = rowsOf(200, (n) => [[`Zofia${'x'.repeat(n % 50)}${n}`], [`Karl Meier`]]);
    const { judged } = await audited({ name: { mask: 'full_name' } }, rows, {});
    assert.deepEqual(
      [judged[0]!.judged, judged[0]!.why, judged[0]!.searched],
      ['per-row', 'has no value above the entropy floor: all are too short, or a single word', 0],
    );
  });

  test('names and text in scripts without spaces are searched by their characters', async () => {
    const given = (n: number) => String.fromCodePoint(0x4e00 + (n % 20) * 31, 0x5f00 + Math.floor(n / 20) * 17);
    const name = (n: number) => `${'王李张刘陈'[n % 5]}${given(n)}`;
    const rows = rowsOf(300, (n) => [
      [name(n), `${given(n)}昨天说过的话没有别人知道`],
      [`小明 王${n}`, 'Lorem ipsum'],
    ]);
    const columns = { name: { mask: 'full_name' }, note: { mask: 'text' } };
    assert.equal((await audited(columns, rows, { kept: ['王', '昨天'] })).judged[0]!.judged, 'everywhere');
    assert.deepEqual(
      await leaks(audited(columns, rows, { kept: [`by ${name(7)}, ${given(9)}昨天说过的话没有别人知道`] })),
      [
        'app.people.kept holds 1 original of app.people.name (1 time)',
        'app.people.kept holds 1 original of app.people.note (1 time)',
      ],
    );
  });

  test('first and last name of a row are searched as one name', async () => {
    const columns = { last: { mask: 'last_name' }, city: { mask: 'city' }, first: { mask: 'first_name' } };
    const rows = rowsOf(300, (n) => [
      [n === 9 ? '\\N' : `Berger${n}`, 'Bonn', `Anna${n}`],
      [n === 9 ? '\\N' : `Meier${n}`, 'Kiel', `Karl${n}`],
    ]);
    const made = { first: rows.map(([, [, , first]]) => first!), last: rows.map(([, [last]]) => last!) };
    const { judged } = await audited(columns, rows, { ...made, kept: ['Anna7', 'Berger7', 'Anna7 Berger8'] });
    const both = judged.find(({ column }) => column === 'first + last')!;
    assert.deepEqual([both.technique, both.judged, both.values, both.searched], ['full_name', 'everywhere', 299, 299]);
    assert.deepEqual(await leaks(audited(columns, rows, { ...made, kept: ['by Anna7 Berger7'] })), [
      'app.people.kept holds 1 original of app.people.first + last (1 time)',
    ]);
  });
});

describe('a result that is not whole', () => {
  const constraint = (name: string, valid = true) =>
    [JSON.stringify(['app.t', name, 'f']), { table: 'app.t', name, type: 'f', valid }] as const;
  const countedFor = new Map([
    ['app.t', 'app.t'],
    ['app.p_one', 'app.p'],
    ['app.p_two', 'app.p'],
  ]);
  const rows = (expected: Record<string, number>, found: Record<string, number>) => ({
    expected: new Map(Object.entries(expected)),
    found: new Map(Object.entries(found)),
    countedFor,
  });
  const wrong = (work: () => unknown) => {
    try {
      work();
      return [];
    } catch (error) {
      return (error as Problem).errors!.map(({ where, what }) => `${where} ${what}`);
    }
  };

  test('a constraint that is missing, one that was not validated, rows and tables that are missing', () => {
    const source = new Map([constraint('lost'), constraint('unchecked'), constraint('idle', false), constraint('ok')]);
    const result = new Map([constraint('unchecked', false), constraint('idle', false), constraint('ok')]);
    assert.deepEqual(
      wrong(() => checkIntegrity(source, result, rows({ 'app.t': 5, 'app.gone': 0 }, { 'app.t': 4 }))),
      [
        'app.gone is a table of the source that the result lacks',
        'app.t has 5 rows at the source and 4 in the result',
        'app.t (lost) is a constraint or index of the source that the result lacks',
        'app.t (unchecked) holds at the source and was not validated in the result',
      ],
    );
    assert.deepEqual(checkIntegrity(result, result, rows({ 'app.t': 5 }, { 'app.t': 5, 'app.view': 7 })), {
      checked: 3,
      notValid: ['app.t (unchecked)', 'app.t (idle)'],
    });
  });

  test('rows may move between partitions of one table', () => {
    const none = new Map();
    checkIntegrity(none, none, rows({ 'app.p_one': 5, 'app.p_two': 1 }, { 'app.p_one': 2, 'app.p_two': 4 }));
    assert.deepEqual(
      wrong(() => checkIntegrity(none, none, rows({ 'app.p_one': 5, 'app.p_two': 1 }, { 'app.p_one': 5 }))),
      ['app.p has 6 rows at the source and 5 in the result'],
    );
  });
});

test('hashes that cannot be written fail the capture and say what to do', () => {
  const { TMPDIR: before } = process.env;
  process.env.TMPDIR = '/nowhere';
  try {
    const originals = createOriginals(0);
    assert.throws(() => originals.add(new Uint32Array(3)), { code: 'capture-failed', where: '/nowhere' });
    originals.close();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test('the key is random, and gone once the audit is closed', () => {
  const [one, other] = [openAudit([], []), openAudit([], [])];
  const bytes = (audit: typeof one) => Buffer.from(audit.setup.key).toString('hex');
  assert.notEqual(bytes(one), bytes(other));
  one.close();
  other.close();
  assert.equal(bytes(one), '00'.repeat(24));
});

test('what threads share serves the next audit, empty, and never two at once', () => {
  const first = openAudit([], [1000]);
  const { filter, phrases } = first.setup;
  const [one, other] = [createFilter(filter), createPhrases(phrases)];
  one.add(12_345, 2);
  one.settle();
  other.said(2 ** 31);
  other.settle();
  for (const memory of [filter, phrases]) assert.ok(new Uint8Array(memory).some((byte) => byte !== 0));
  first.close();
  first.close();
  const [second, third] = [openAudit([], [1000]), openAudit([], [1000])];
  const memories = [second, third].flatMap(({ setup }) => [setup.filter, setup.phrases]);
  assert.equal(new Set(memories).size, 4);
  assert.ok(memories.includes(filter) && memories.includes(phrases));
  for (const memory of memories) assert.ok(new Uint8Array(memory).every((byte) => byte === 0));
  second.close();
  third.close();
});

test('rows in COPY’s binary format hold the same originals as in the text format', () => {
  const columns = [
    { name: 'id', rule: { keep: 'a number' } },
    ...['first_name', 'last_name', 'email', 'text', 'token'].map((mask) => ({ name: mask, rule: { mask } })),
    { name: 'last', rule: { keep: 'a number' } },
  ].map((column) => ({ ...column, by: 'column', place: {} as never, isArray: false }));
  const [units] = unitsOf([{ schema: 'app', name: 't', columns }]).tables;
  const values = [
    '',
    null,
    '\\N',
    'Anna',
    'tab\there',
    'a\tb\nc\\d',
    '{"name": "Ren\\u00e9e \\ud83d"}',
    '\\x416e6e61',
    'ü€😀',
    'x'.repeat(5000),
  ];
  const pick = (n: number) => values[n % values.length]!;
  const read = (format: CopyFormat, write: (fields: (string | null)[]) => Buffer) => {
    const found: unknown[] = [];
    const pair = createPairReader(
      units!,
      ({ id }, bytes, start, end, equal) => found.push([id, bytes.toString('utf8', start, end), equal]),
      format,
    );
    for (let n = 0; n < 1000; n++) {
      const fields = [`${n}`, pick(n), pick(n * 3 + 1), pick(n * 5), pick(n >> 2), pick(n * 7), null];
      const masked = fields.map((field, index) => (field === null || (n + index) % 3 === 0 ? field : pick(n + index)));
      const [before, after] = [write(fields), write(masked)];
      const chunk = Buffer.concat([Buffer.from('ahead'), before, after]);
      pair(chunk, 5, 5 + before.length, chunk, 5 + before.length, chunk.length);
    }
    return found;
  };
  const asText = read('text', (fields) => {
    const escaped = fields.map((field) =>
      field === null ? '\\N' : field.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n'),
    );
    return Buffer.from(`${escaped.join('\t')}\n`);
  });
  assert.ok(asText.length > 3000);
  assert.deepEqual(read('binary', binaryRow), asText);
});

describe('values that hold others', () => {
  const judgedOf = async (
    rule: { mask: string; [option: string]: unknown },
    place: object,
    original: string,
    masked: string,
  ) => {
    const plan = {
      schema: 'app',
      name: 't',
      columns: [{ name: 'c', rule, by: 'column', place: place as never, isArray: false }],
    };
    const audit = openAudit([plan], [1]);
    const collector = createCollection(audit.setup, audit.originals.add)(0, 'text')!;
    const [before, after] = [Buffer.from(`${original}\n`), Buffer.from(`${masked}\n`)];
    collector.row(before, 0, before.length, after, 0, after.length);
    audit.addPart(collector.finish(), 0);
    audit.close();
    return Object.fromEntries(
      audit.units
        .filter(({ id }) => audit.counts.has(id))
        .map(({ id, technique }) => [technique, [audit.counts.get(id)!.values, audit.counts.get(id)!.equal]]),
    );
  };

  test('a composite by the rules of its fields, one within another too', async () => {
    const place = {
      fields: [
        { name: 'kind', isArray: false, place: {} },
        { name: 'mails', isArray: true, place: {} },
        { name: 'inner', isArray: false, place: { fields: [{ name: 'name', isArray: false, place: {} }] } },
      ],
    };
    const inner = { mask: 'composite', fields: { name: 'full_name' } };
    const rule = { mask: 'composite', fields: { kind: { keep: 'x' }, mails: 'email', inner } };
    const masked = '(home,"{x@example.com,b@corp.test}","(""Karl Meier"")")';
    assert.deepEqual(await judgedOf(rule, place, '(home,"{a@corp.test,b@corp.test}","(""Anna Berger"")")', masked), {
      email: [2, 1],
      full_name: [1, 0],
    });
  });

  test('an hstore by key; what no rule names with its key', async () => {
    const rule = { mask: 'hstore', fields: { lang: { keep: 'x' }, mail: 'email' } };
    const original = '"lang"=>"de", "mail"=>"a@corp.test", "note"=>"something said"';
    assert.deepEqual(
      await judgedOf(rule, {}, original, '"lang"=>"de", "mail"=>"a@corp.test", "fqwe"=>"Lorem ipsum do"'),
      {
        email: [1, 1],
        token: [1, 0],
        text: [1, 0],
      },
    );
  });

  test('numbers and keys of a document by rules of their own', async () => {
    const rule = { mask: 'json', fields: { a: { keep: 'x' } }, numbers: 'number', keys: 'email' };
    const original = '{"a": {"b": 1, "c": "d"}, "ann@corp.test": 5, "bob@corp.test": [6, "text"]}';
    const masked = '{"a": {"b": 1, "c": "d"}, "x@example.com": 5, "y@example.com": [7, "Lore"]}';
    assert.deepEqual(await judgedOf(rule, {}, original, masked), { email: [2, 0], number: [2, 1], text: [1, 0] });
  });

  test('a document by every path that matches, the longest and then the one that names a key first', async () => {
    const fields = { 'billing.email': 'email', '*.phone': 'phone', 'a.*.c': 'full_name', '*.b': 'company' };
    const rule = { mask: 'json', fields: { ...fields, '*.b.c': 'city', '*.*.d': 'street' } };
    const original =
      '{"billing": [{"email": "a@corp.test", "phone": 4915112345678}], "a": {"b": {"c": "Ann", "x": "Acme", "d": ["Lane 1"]}, "*": {"d": "Lane 2"}}}';
    assert.deepEqual(await judgedOf(rule, {}, original, original), {
      ...{ email: [1, 1], phone: [1, 1], full_name: [1, 1], company: [1, 1], street: [2, 2] },
    });
  });

  test('numbers and booleans that a rule for text is about, and booleans by a rule of their own', async () => {
    const rule = { mask: 'json', fields: { a: 'text' }, booleans: 'null' };
    const original = '{"a": [123456789, true, "said"], "b": [7, false]}';
    assert.deepEqual(await judgedOf(rule, {}, original, '{"a": [123456789, true, "Lore"], "b": [7, false]}'), {
      text: [3, 2],
      null: [1, 1],
    });
    assert.deepEqual(await judgedOf(rule, {}, original, '{"a": ["Lorem ips", null, "Lore"], "b": [7, null]}'), {
      text: [3, 0],
      null: [1, 0],
    });
  });
});

test('chance explains names in statistics of rows, and none in the name of statistics or of a view', () => {
  const columns = [
    { name: 'name', rule: { mask: 'full_name' }, by: 'column' as const, place: {} as never, isArray: false },
  ];
  const { units, copied } = openAudit([{ schema: 'app', name: 'people', columns }], [100_000]);
  const counts = createCounts();
  for (let n = 0; n < 100_000; n++)
    addDistinct(counts.distinct, Math.imul(n, 0x9e3779b1) >>> 0, Math.imul(n, 0x85ebca6b) >>> 0);
  const many = { ...counts, values: 100_000, compared: 100_000, searched: 100_000 };
  const chances = coincidencesOf(units, new Map([[0, many]]), copied, []);
  const inPlace = (name: string) => chances(units[0]!, 0, { name }).others;
  assert.ok(inPlace('app.people.name (statistics)') > 100);
  assert.ok(inPlace('app.people (s, extended statistics)') > 100);
  assert.equal(inPlace('app (name of statistics)'), 0);
  assert.equal(inPlace('app (name of a view)'), 0);
});
