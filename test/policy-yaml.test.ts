import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { Problem } from '../services/errors.ts';
import { kinds } from '../services/masking/kinds/index.ts';
import { parsePolicy, policyHash, policySchema } from '../services/masking/policy/policy.ts';
import { readPolicyYaml } from '../services/masking/policy/yaml.ts';

const root = join(import.meta.dirname, '..');

/** Each mistake as `where: what`. */
function mistakesOf(text: string): string[] {
  try {
    readPolicyYaml(text);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.code, 'policy-invalid');
    return error.errors!.map(({ where, what }) => `${where}: ${what}`);
  }
  assert.fail('it should have been refused');
}

test('YAML means what the same JSON means', () => {
  const text = readFileSync(join(root, 'examples/shop/masking.yaml'), 'utf8');
  assert.equal(policyHash(readPolicyYaml(text)), policyHash(parsePolicy(parse(text))));
  const policy = readPolicyYaml(`
locale: de
tables:
  shop.customers:
    email: &mail { mask: email }
    second: *mail
    plan: { keep: "to reproduce invoices", owner: dana, until: 2027-01-01 }
names:
  - match: .*_ip
    type: inet
    rule: { mask: ip }
types: { 'character varying': { mask: text } }
links: [{ from: shop.orders.customer_email, to: shop.customers.email }]
`);
  assert.deepEqual(policy.tables['shop.customers'], {
    email: { mask: 'email' },
    second: { mask: 'email' },
    plan: { keep: 'to reproduce invoices', owner: 'dana', until: '2027-01-01' },
  });
  assert.deepEqual(policy.names, [{ match: '.*_ip', type: 'inet', rule: { mask: 'ip' } }]);
});

test('every mistake is named at its place, with its line', () => {
  const mistakes = mistakesOf(`locale: xx
tables:
  shop.customers:
    email: { mask: emial }
    plan:
      keep: why
      until: tomorrow
    born:
      mask: date
      dayz: 3
    prefs:
      mask: json
      fields:
        a.b: nonsense
names:
  - match: (a
    rule: { mask: ip }
  - type: inet
    rule: { keep: why }
types:
  inet: {}
links:
  - { from: shop.a.b, to: 7 }
nmaes: []
`);
  const expected = [
    /^locale: is none of: .*\bde\b.* \(line 1\)$/,
    /^shop\.customers\.email: mask is none of: .*email.* \(line 4\)$/,
    /^shop\.customers\.plan: until is no date .* \(line 7\)$/,
    /^shop\.customers\.born: has an unknown option `dayz` \(line 10\)$/,
    /^shop\.customers\.prefs: fields\.a\.b is none of: .* \(line 14\)$/,
    /^names\[0\]: match a `\(` is not closed, .* \(line 16\)$/,
    /^names\[1\]: lacks `match` \(line 18\)$/,
    /^types\.inet: says neither `mask` nor `keep` \(line 21\)$/,
    /^links\[0\]: to must be string \(line 23\)$/,
    /^policy: has an unknown option `nmaes` \(line 24\)$/,
  ];
  for (const pattern of expected)
    assert.equal(mistakes.filter((one) => pattern.test(one)).length, 1, `${pattern} in\n${mistakes.join('\n')}`);
  assert.equal(mistakes.length, expected.length, mistakes.join('\n'));
});

test('null as YAML and JSON read it is the kind null, wherever a kind is named', () => {
  const yaml = readPolicyYaml(`
tables:
  shop.t:
    mask: { mask: null }
    doc: { mask: json, fields: { a: ~, b: { mask: null }, mask: null }, numbers: null }
names: [{ match: note, rule: { mask: null } }]
types: { tsvector: { mask: null } }
`);
  const named = {
    tables: {
      'shop.t': {
        mask: { mask: 'null' },
        doc: { mask: 'json', fields: { a: 'null', b: { mask: 'null' }, mask: 'null' }, numbers: 'null' },
      },
    },
    names: [{ match: 'note', rule: { mask: 'null' } }],
    types: { tsvector: { mask: 'null' } },
  };
  assert.deepEqual(yaml, named);
  assert.deepEqual(parsePolicy(JSON.parse(JSON.stringify(named).replaceAll('"null"', 'null'))), named);
  const wrong = mistakesOf(
    'tables:\n  shop.t:\n    id: { mask: null, value: 1 }\n    at: null\n    of: { mask: nil }\n',
  );
  assert.match(wrong[0]!, /^shop\.t\.id: has an unknown option `value`/);
  assert.match(wrong.join('\n'), /^shop\.t\.at: must be object/m);
  assert.match(wrong.join('\n'), /^shop\.t\.of: mask is none of: .*, null, constant, .*rebuild \(line 5\)$/m);
});

test('what is no YAML, or says the same twice', () => {
  assert.match(mistakesOf('tables: {\n  a: [}\n').join(), /^line 2: /);
  assert.deepEqual(mistakesOf('tables:\n  shop.a:\n    id: { mask: "null" }\n    id: { keep: why }\n'), [
    'line 4: id is on line 3 already',
  ]);
  assert.match(mistakesOf('tables:\n  shop.a:\n    null: { keep: why }\n').join(), /^line 3: a key must be text/);
  assert.match(mistakesOf('tables: *nothing\n').join(), /nothing/);
  assert.match(mistakesOf('tables: {}\n---\ntables: {}\n').join(), /document/);
  assert.match(mistakesOf('tables: !!js/function "x"\n').join(), /^line 1: .*tag/);
  assert.match(mistakesOf('').join(), /^policy: /);
  assert.match(mistakesOf('just words').join(), /^policy: /);
});

test('files that unfold without end, or are nested or repeated beyond reason, are refused at once', {
  timeout: 30_000,
}, () => {
  const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 10; level++) {
    bomb.push(`a${level}: &a${level} [${`*a${level - 1},`.repeat(10)}]`);
  }
  assert.match(mistakesOf(bomb.join('\n')).join(), /^policy: .*alias/i);
  assert.match(mistakesOf('['.repeat(100_000)).join(), /deep|call stack/i);
  const twice = `tables:\n${Array.from({ length: 20_000 }, (_, n) => `  shop.t${n}: {}\n`).join('')}  shop.t0: {}\n`;
  assert.deepEqual(mistakesOf(twice), ['line 20002: shop.t0 is on line 2 already']);
});

test('the example of the documentation is a policy', () => {
  const example = /^```yaml\n(.*?)^```$/ms.exec(readFileSync(join(root, 'docs/masking.md'), 'utf8'))![1]!;
  const { names, types, links } = readPolicyYaml(example);
  assert.deepEqual([names!.length, Object.keys(types!).length, links!.length], [2, 3, 1]);
});

test('the JSON schema that is written down is the one that is served: npm run policy-schema writes it', () => {
  const written = JSON.parse(readFileSync(join(root, 'docs/masking-policy.schema.json'), 'utf8'));
  assert.deepEqual(written, JSON.parse(JSON.stringify(policySchema)));
  assert.deepEqual(written.$defs.column.else.properties.mask.enum, [...Object.keys(kinds), null]);
});
