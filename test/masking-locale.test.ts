import assert from 'node:assert/strict';
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

test('a locale that faker does not have is refused by name', () => {
  assert.throws(() => parsePolicy({ locale: '../en', tables: {} }), { name: 'Problem', code: 'policy-invalid' });
});

test('short texts differ: there are as many beginnings as the prose has words, not as the dictionary has', () => {
  const { prose, proseStarts } = dictionaries('de');
  const beginnings = new Set(proseStarts.map((start) => prose.toString('latin1', start, start + 40)));
  assert.ok(beginnings.size > 8000, String(beginnings.size));
});
