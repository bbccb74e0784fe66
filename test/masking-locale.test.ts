import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { dictionaries, dictionaryVersion } from '../services/masking/dictionaries.ts';
import type { Place } from '../services/masking/kind.ts';
import { kinds } from '../services/masking/kinds/index.ts';
import { locales } from '../services/masking/locales.ts';
import { createMaterials } from '../services/masking/materials.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';
import { createSink } from '../services/masking/rows/sink.ts';

const key = Buffer.alloc(32, 'k');
const originals = Array.from({ length: 300 }, (_, index) => Buffer.from(`Jane Miller ${index}`));

function masked(locale: string | undefined, kind: string, more: Partial<Place> = {}): string[] {
  const materials = createMaterials(key, dictionaries(locale));
  const mask = materials.mask({ mask: kind }, { family: 'text', type: 'text', unique: false, ...more });
  return originals.map((bytes) => {
    const sink = createSink(8);
    mask(bytes, 0, bytes.length, sink);
    return sink.bytes.toString('utf8', 0, sink.at);
  });
}

test('words are those of the locale, English ones without any', () => {
  assert.ok(masked('de', 'last_name').some((name) => /[äöüß]/.test(name)));
  assert.ok(masked('pl', 'city').some((name) => /[łńśż]/.test(name)));
  assert.ok(masked('ru', 'full_name').every((name) => /^[\p{Script=Cyrillic}]+ [\p{Script=Cyrillic}]+$/u.test(name)));
  assert.ok(masked('fr', 'street').some((street) => /^\d+ .*(rue|avenue|boulevard)/i.test(street)));
  assert.ok(masked('de', 'street').every((street) => /^\D.* \d{1,3}$/.test(street)));
  assert.deepEqual(masked(undefined, 'last_name'), masked('en', 'last_name'));
  assert.notDeepEqual(masked('de', 'last_name'), masked('en', 'last_name'));
  // They fit into every encoding that a database may have.
  for (const kind of ['full_name', 'city', 'country', 'street', 'company'])
    assert.ok(
      masked('en', kind).every((value) => /^[\x20-\x7e]+$/.test(value)),
      kind,
    );
});

test('whatever the locale: no broken character, no more characters than fit, addresses in ASCII, unique where asked', () => {
  for (const locale of locales) {
    for (const kind of ['first_name', 'last_name', 'full_name', 'city', 'country', 'street', 'company', 'text']) {
      for (const limit of [1, 5, 13, undefined]) {
        for (const value of masked(locale, kind, limit === undefined ? {} : { limit })) {
          assert.ok(!value.includes('\ufffd') && value !== '' && !/[\t\n\\]/.test(value), `${locale} ${kind} ${value}`);
          assert.ok([...value].length <= (limit ?? 1000), `${locale} ${kind} ${limit} ${value}`);
        }
      }
    }
    for (const address of masked(locale, 'email')) assert.match(address, /^[\x21-\x7e]+@example\.(com|net|org)$/);
    assert.equal(new Set(masked(locale, 'last_name', { unique: true, limit: 14 })).size, originals.length, locale);
  }
});

test('what a locale lacks is English, and said so; every kind works in every locale', () => {
  const catalog = { tables: [], foreignKeys: [] };
  const warned = (locale: string) => planMasking(catalog, parsePolicy({ locale, tables: {} })).warnings;
  assert.deepEqual(warned('en'), []);
  assert.deepEqual(warned('de'), []);
  const [warning] = warned('ru');
  assert.equal(warning!.where, 'locale');
  assert.match(warning!.what, /mailFirstNames.* of ru; the English ones stand in/);
  assert.deepEqual(dictionaries('ru').mailFirstNames, dictionaries('en').mailFirstNames);
  for (const kind of Object.keys(kinds).filter(
    (name) => kinds[name]!.holds.includes('text') && !kinds[name]!.required && !kinds[name]!.columnsOnly,
  ))
    assert.equal(masked('ja', kind).length, originals.length, kind);
});

test('the dictionaries’ version says which locale they are of', () => {
  assert.match(dictionaryVersion(), /^\d+\+faker-[\d.]+\+en$/);
  assert.equal(dictionaries('de').version, dictionaryVersion('de'));
  assert.notEqual(dictionaryVersion('de'), dictionaryVersion());
});

/** Kinds that draw words, and a digest of 300 values that each makes, by the version of the dictionaries. */
const drawn: Record<string, Record<string, string>> = {
  '4+faker-10.6.0+en': {
    first_name: '9a368346e46f7983',
    last_name: 'ff5b6611cd6be19e',
    full_name: '70ddc78a0c507239',
    city: 'e8108775ccc13fb9',
    country: '2df2d49b1efe0adb',
    street: '7dc8db41aaab1c7f',
    company: '1ed082108a52713f',
    email: '2537bbd08a879b48',
    username: '2710053554e57594',
    text: '2e100aea7e800930',
  },
  '4+faker-10.6.0+de': {
    first_name: '1c5a8ac3dbb56dc8',
    last_name: '3339bfcda3f5ba81',
    full_name: '2123ff50ce6c09f8',
    city: '49144fa64a6c11f9',
    country: '0b35b617430b72ec',
    street: '873369f914177b74',
    company: '3d0f4c3afe6b3f35',
    email: '0cbdf35a2954a31d',
    username: '52225c2c6fdcec39',
    text: '0c6de5065107445a',
  },
};

for (const locale of ['en', 'de']) {
  test(`what is drawn of ${locale} is what it was, or the dictionaries have another version`, () => {
    const version = dictionaryVersion(locale);
    const kindsOfWords = 'first_name last_name full_name city country street company email username text'.split(' ');
    const now = Object.fromEntries(
      kindsOfWords.map((kind) => {
        const values = [...masked(locale, kind), ...masked(locale, kind, { unique: true, limit: 30 })];
        return [kind, createHash('sha256').update(values.join('\n')).digest('hex').slice(0, 16)];
      }),
    );
    const remedy = drawn[version]
      ? 'The same key and original give other values than before: raise formatVersion in services/masking/dictionaries.ts, and put down here what is drawn now'
      : 'The version is new: put down here, by it, what is drawn now';
    assert.deepEqual(now, drawn[version], `${remedy}:\n'${version}': ${JSON.stringify(now, null, 2)}`);
  });
}

test('a locale that faker does not have is refused by name', () => {
  assert.throws(() => parsePolicy({ locale: '../en', tables: {} }), { name: 'Problem', code: 'policy-invalid' });
});

test('short texts differ: there are as many beginnings as the prose has words, not as the dictionary has', () => {
  const { prose, proseStarts } = dictionaries('de');
  const beginnings = new Set(proseStarts.map((start) => prose.toString('latin1', start, start + 40)));
  assert.ok(beginnings.size > 8000, String(beginnings.size));
});
