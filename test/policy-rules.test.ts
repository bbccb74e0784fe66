import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Problem } from '../services/errors.ts';
import type { CatalogColumn, CatalogTable, MaskingCatalog } from '../services/masking/catalog.ts';
import { examinePolicy, planMasking } from '../services/masking/plan/plan.ts';
import { compilePattern } from '../services/masking/policy/pattern.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';

import { masking } from './support/masking.ts';

function problemOf(work: () => unknown): Problem {
  try {
    work();
  } catch (error) {
    return error as Problem;
  }
  assert.fail('it should have been refused');
}

function column(name: string, type = 'text', baseType = type, more: Partial<CatalogColumn> = {}): CatalogColumn {
  const rest = { isArray: false, limit: null, precision: null, scale: null, notNull: false, generated: false };
  return { name, type, baseType, ...rest, ...more };
}

function table(name: string, columns: CatalogColumn[], more: Partial<CatalogTable> = {}): CatalogTable {
  const rest = { oid: 1, kind: 'r' as const, partitionOf: null, uniqueKeys: [], estimatedRows: 0, sizeBytes: 0 };
  return { schema: 'shop', name, columns, ...rest, ...more };
}

const catalogOf = (...tables: CatalogTable[]): MaskingCatalog => ({ tables, foreignKeys: [] });
const unique = (name: string) => ({ uniqueKeys: [{ name: 'key', columns: [name] }] });
const keep = { keep: 'says nothing about anybody' };

/** `table.column` → which rule it has, and what that is. */
function classified(catalog: MaskingCatalog, policy: object): Record<string, string> {
  const { tables } = planMasking(catalog, parsePolicy(policy));
  const entries = tables.flatMap(({ name, columns }) =>
    columns.map((one) => [`${name}.${one.name}`, `${one.by}: ${'mask' in one.rule ? one.rule.mask : 'keep'}`]),
  );
  return Object.fromEntries(entries);
}

describe('which rule a column has', () => {
  test('its own before a pattern’s, a pattern’s before its type’s, the first pattern before others', () => {
    const catalog = catalogOf(
      table('a', [column('own_ip', 'inet'), column('last_ip', 'inet'), column('via', 'inet'), column('mail')]),
      table('b', [
        column('Contact_Mail', 'character varying(40)', 'varchar', { limit: 40 }),
        column('mail_ok', 'boolean', 'bool'),
      ]),
    );
    assert.deepEqual(
      classified(catalog, {
        tables: { 'shop.a': { own_ip: keep } },
        names: [
          { match: 'own_ip|last_ip', rule: { mask: 'null' } },
          { match: '.*mail', rule: { mask: 'email' } },
          { match: '.*mail.*', type: 'boolean', rule: keep },
        ],
        types: { inet: { mask: 'ip' } },
      }),
      {
        'a.own_ip': 'column: keep',
        'a.last_ip': 'names[0]: null',
        'a.via': 'types.inet: ip',
        'a.mail': 'names[1]: email',
        'b.Contact_Mail': 'names[1]: email',
        'b.mail_ok': 'names[2]: keep',
      },
    );
  });

  test('types as Postgres prints them: with and without length, arrays, domains, enums', () => {
    const catalog = catalogOf(
      table('t', [
        column('short', 'character varying(3)', 'varchar', { limit: 3 }),
        column('long', 'character varying(30)', 'varchar', { limit: 30 }),
        column('many', 'character varying(30)[]', 'varchar', { limit: 30, isArray: true }),
        column('mail', 'app.mail', 'varchar'),
        column('state', 'app."Status (old)"', 'Status (old)'),
        column('at', 'timestamp(3) with time zone', 'timestamptz'),
      ]),
    );
    assert.deepEqual(
      classified(catalog, {
        tables: {},
        types: {
          'character varying(3)': keep,
          'character varying': { mask: 'text' },
          'character varying[]': { mask: 'token' },
          'app.mail': { mask: 'email' },
          'app."Status (old)"': keep,
          'timestamp with time zone': { mask: 'date' },
        },
      }),
      {
        't.short': 'types.character varying(3): keep',
        't.long': 'types.character varying: text',
        't.many': 'types.character varying[]: token',
        't.mail': 'types.app.mail: email',
        't.state': 'types.app."Status (old)": keep',
        't.at': 'types.timestamp with time zone: date',
      },
    );
  });

  test('a rule that classifies nothing is a warning; one that cannot hold what it classifies is a mistake there', () => {
    const catalog = catalogOf(table('t', [column('mail'), column('mail_ok', 'boolean', 'bool')]));
    const rules = {
      names: [
        { match: 'mail', rule: { mask: 'email' } },
        { match: 'e?mail', rule: keep },
      ],
    };
    const { warnings } = planMasking(
      catalog,
      parsePolicy({ tables: {}, ...rules, types: { boolean: keep, varchar: { mask: 'text' } } }),
    );
    assert.deepEqual(
      warnings.map(({ where }) => where),
      ['names[1]', 'types.varchar'],
    );
    assert.match(warnings[1]!.remedy!, /character varying/);
    const problem = problemOf(() =>
      planMasking(catalog, parsePolicy({ tables: {}, names: [{ match: '.*mail.*', rule: { mask: 'email' } }] })),
    );
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(
      problem.errors!.map(({ where, what }) => [where, /as names\[0\] has it/.test(what)]),
      [['shop.t.mail_ok', true]],
    );
  });

  test('a pattern or type that keeps has to say why, as a column does', () => {
    const problem = problemOf(() =>
      parsePolicy({
        tables: {},
        names: [
          { match: 'id', rule: {} },
          { match: 'x', rule: { keep: '' } },
        ],
        types: { uuid: { owner: 'me' } },
      }),
    );
    assert.deepEqual(
      problem.errors!.map(({ where }) => where),
      ['names[0]', 'names[1]', 'types.uuid'],
    );
  });
});

describe('patterns of names', () => {
  const matches = (pattern: string, name: string) => compilePattern(pattern)(name);

  test('match the whole name, whatever its case', () => {
    for (const [pattern, yes, no] of [
      ['email', ['email', 'EMAIL'], ['email2', 'e_mail', '']],
      ['.*_(ip|addr)', ['last_ip', '_ADDR'], ['ip', 'last_ip_']],
      ['e-?mail(_\\d{1,2})?', ['email', 'e-mail_42'], ['email_', 'email_421']],
      ['[A-Z_]+', ['user_name', 'X'], ['a1', '']],
      ['[^aeiou\\d]*', ['xyz', ''], ['xay', 'x1']],
      ['a{2}b{1,}c{0,1}', ['aab', 'AABBBC'], ['ab', 'aabcc']],
      ['(?:first|last)?name|vor.name', ['name', 'lastname', 'vor-name'], ['middlename', 'vorname']],
      ['\\w+\\.\\w\\D', ['a.bc'], ['axbc', 'a.b1']],
      ['größe|ΟΔΟΣ', ['GRÖSSE'.replace('SS', 'ẞ'), 'größe', 'οδος'.replace('ς', 'σ')], ['grosse']],
      ['()*(a*)*', ['', 'aaa'], ['b']],
      ['', [''], ['a']],
    ] as const) {
      for (const name of yes) assert.ok(matches(pattern, name), `${pattern} ${name}`);
      for (const name of no) assert.ok(!matches(pattern, name), `${pattern} ${name}`);
    }
  });

  test('what would take for ever elsewhere is done at once', { timeout: 20_000 }, () => {
    const name = `${'a'.repeat(62)}!`;
    for (const pattern of [
      '(a+)+',
      '(a|a)*',
      '(a|aa)+',
      '(.*a){20}',
      '(a?){63}a{63}',
      `${'.*'.repeat(99)}x`,
      '(((a*)*)*)*b',
    ])
      assert.ok(!matches(pattern, name), pattern);
  });

  test('refused at its place in the policy: what is no pattern, needs backtracking or repeats too much', {
    timeout: 20_000,
  }, () => {
    for (const [pattern, says] of [
      ['(a', /not closed, at its character 3/],
      ['a)', /no `\(`/],
      ['[a-', /not closed/],
      ['[z-a]', /no range/],
      ['*a', /nothing to repeat, at its character 1/],
      ['a**', /nothing to repeat/],
      ['a{2,1}', /backwards/],
      ['a{64}', /further than 63/],
      ['a{x}', /one or two numbers/],
      ['(a)\\1', /`\\1` is not understood/],
      ['(?=a)b', /\(\?:…\) only/],
      ['^email$', /whole name/],
      ['\\', /within an escape/],
      ['((a{63}){63}){63}', /more than 500 steps/],
      [`${'('.repeat(30)}${'){63}'.repeat(30)}`, /more than 500 steps/],
    ] as const) {
      const problem = problemOf(() =>
        parsePolicy({
          tables: {},
          names: [
            { match: 'ok', rule: keep },
            { match: pattern, rule: keep },
          ],
        }),
      );
      assert.equal(problem.code, 'policy-invalid', pattern);
      assert.equal(problem.errors!.length, 1, JSON.stringify(problem.errors));
      assert.equal(problem.errors![0]!.where, 'names[1]');
      assert.match(problem.errors![0]!.what, says, pattern);
      assert.ok(problem.errors![0]!.remedy);
    }
    assert.equal(
      problemOf(() => parsePolicy({ tables: {}, names: [{ match: 'a'.repeat(201), rule: keep }] })).errors!.length,
      1,
    );
  });
});

describe('keeps', () => {
  const catalog = catalogOf(table('t', [column('plan'), column('doc', 'jsonb')]));
  const until = (day: string) => ({ keep: 'needed for the migration', owner: 'dana@shop.example', until: day });
  const policy = (plan: object, inside: object = keep) =>
    parsePolicy({ tables: { 'shop.t': { plan, doc: { mask: 'json', fields: { 'a.b': inside } } } } });

  test('hold to the last day they name, in documents too; then the column is not classified', () => {
    const named = policy(until('2027-01-01'), until('2027-03-01'));
    assert.equal(planMasking(catalog, named, { today: '2027-01-01' }).tables.length, 1);
    const problem = problemOf(() => planMasking(catalog, named, { today: '2027-01-02' }));
    assert.equal(problem.code, 'policy-incomplete');
    assert.deepEqual(problem.errors, [
      {
        where: 'shop.t.plan',
        what: 'was to be kept until 2027-01-01',
        remedy: 'Mask it, or keep it with a later date; dana@shop.example answers for it',
      },
    ]);
    const later = problemOf(() => planMasking(catalog, named, { today: '2027-03-02' }));
    assert.deepEqual(
      later.errors!.map(({ where, what }) => `${where} ${what}`),
      ['shop.t.plan was to be kept until 2027-01-01', 'shop.t.doc fields.a.b was to be kept until 2027-03-01'],
    );
  });

  test('are found beside fields that are called like the words of a rule', () => {
    const past = until('2020-01-01');
    const inner = { mask: 'json', fields: { mask: 'text', keep: past }, keys: past };
    const doc = { mask: 'json', fields: { keep: 'email', until: inner, mask: 'text', ssn: past }, booleans: past };
    const problem = problemOf(() => planMasking(catalog, parsePolicy({ tables: { 'shop.t': { plan: keep, doc } } })));
    assert.equal(problem.code, 'policy-incomplete');
    assert.deepEqual(
      problem.errors!.map(({ where, what }) => `${where} ${what.replace(' was to be kept until 2020-01-01', '')}`),
      ['fields.until.fields.keep', 'fields.until.keys', 'fields.ssn', 'booleans'].map((path) => `shop.t.doc ${path}`),
    );
  });

  test('without a date they hold for ever, with one of the past not today', () => {
    assert.equal(planMasking(catalog, policy({ ...keep, owner: 'dana' })).tables.length, 1);
    assert.equal(problemOf(() => planMasking(catalog, policy(until('2020-02-29')))).code, 'policy-incomplete');
  });

  test('of sequences hold to their last day, too', () => {
    const sequences = { 'shop.numbers': until('2027-01-01'), 'shop.others': keep };
    const named = parsePolicy({ tables: { 'shop.t': { plan: keep, doc: keep } }, sequences });
    assert.equal(planMasking(catalog, named, { today: '2027-01-01' }).tables.length, 1);
    const problem = problemOf(() => planMasking(catalog, named, { today: '2027-01-02' }));
    assert.equal(problem.code, 'policy-incomplete');
    assert.deepEqual(problem.errors, [
      {
        where: 'shop.numbers',
        what: 'was to be kept until 2027-01-01',
        remedy: 'Remove the entry, and it is shifted, or keep it with a later date; dana@shop.example answers for it',
      },
    ]);
  });

  test('of which nobody is named are the policy’s owner’s to answer for', () => {
    const past = { keep: 'needed for the migration', until: '2020-01-01' };
    const sequences = { 'shop.numbers': past };
    const owned = parsePolicy({
      owner: 'kim@shop.example',
      tables: { 'shop.t': { plan: past, doc: keep } },
      sequences,
    });
    for (const { remedy } of problemOf(() => planMasking(catalog, owned)).errors!)
      assert.match(remedy!, /; kim@shop\.example answers for it$/);
  });

  test('a date that is none is refused', () => {
    for (const day of ['2027-02-29', '2027-1-1', '1.1.2027', '2027-01-01T00:00:00Z', '']) {
      const problem = problemOf(() => policy(until(day)));
      assert.deepEqual([problem.errors![0]!.where, problem.errors!.length], ['shop.t.plan', 1], day);
      assert.match(problem.errors![0]!.what, /^until is no date/);
    }
  });
});

describe('links', () => {
  const name = { mask: 'full_name' };
  const email = { mask: 'email' };
  const link = (from: string, to: string) => ({ from: `shop.${from}`, to: `shop.${to}` });

  test('tie columns that no foreign key ties: the same rule, unique together, as long as the shortest', () => {
    const catalog = catalogOf(
      table('people', [column('name')], unique('name')),
      table('orders', [column('buyer', 'character varying(30)', 'varchar', { limit: 30 })]),
      table('lines', [column('buyer')]),
      table('other', [column('name')]),
    );
    const tables = {
      'shop.people': { name },
      'shop.orders': { buyer: name },
      'shop.lines': { buyer: name },
      'shop.other': { name },
    };
    const links = [link('lines.buyer', 'orders.buyer'), link('orders.buyer', 'people.name')];
    const planned = planMasking(catalog, parsePolicy({ tables, links })).tables;
    assert.deepEqual(
      planned.map(({ name: at, columns: [one] }) => [at, one!.place.unique, one!.place.limit]),
      [
        ['people', true, 30],
        ['orders', true, 30],
        ['lines', true, 30],
        ['other', false, undefined],
      ],
    );
    const problem = problemOf(() =>
      planMasking(catalog, parsePolicy({ tables: { ...tables, 'shop.lines': { buyer: email } }, links })),
    );
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(
      problem.errors!.map(({ where, what }) => [where, what]),
      [['shop.lines.buyer', 'is masked otherwise than shop.orders.buyer, which links[0] ties it to']],
    );
    const shown = problemOf(() =>
      planMasking(catalog, parsePolicy({ tables: { ...tables, 'shop.lines': { buyer: keep } }, links })),
    );
    assert.deepEqual(
      shown.errors!.map(({ where }) => where),
      ['shop.lines.buyer'],
    );
  });

  test('by rules of names and types too', () => {
    const catalog = catalogOf(table('a', [column('mail')]), table('b', [column('copied_from')]));
    const policy = { tables: {}, names: [{ match: 'mail', rule: email }], links: [link('b.copied_from', 'a.mail')] };
    const problem = problemOf(() =>
      planMasking(catalog, parsePolicy({ ...policy, types: { text: { mask: 'text' } } })),
    );
    assert.deepEqual(
      problem.errors!.map(({ where }) => where),
      ['shop.b.copied_from'],
    );
    planMasking(catalog, parsePolicy({ ...policy, types: { text: email } }));
  });

  test('ends that are no columns are mistakes, ends that write values differently a warning', () => {
    const catalog = catalogOf(
      table('a', [
        column('mail', 'character(40)', 'bpchar', { limit: 40 }),
        column('half', 'text', 'text', { generated: true }),
      ]),
      table('b', [column('mail')]),
    );
    const tables = { 'shop.a': { mail: email }, 'shop.b': { mail: email } };
    const plan = (...links: object[]) => examinePolicy(catalog, parsePolicy({ tables, links }));
    const { wrong } = plan(link('b.mail', 'a.gone'), link('a.half', 'b.mail'));
    assert.deepEqual(
      wrong.map(({ where, what }) => `${where} ${what}`),
      ['links[0] to: shop.a.gone is no column of the source', 'links[1] from: shop.a.half is a generated column'],
    );
    const { warnings, wrong: none } = plan(link('b.mail', 'a.mail'));
    assert.deepEqual([none, warnings.map(({ where }) => where)], [[], ['links[0]']]);
    assert.doesNotMatch(warnings[0]!.what, /token/);
  });

  test('whoever is tied to citext ignores case as it does', () => {
    const catalog = catalogOf(
      table('a', [column('mail', 'public.citext', 'citext')]),
      ...['b', 'c', 'd'].map((one) => table(one, [column('mail')])),
    );
    const tables = Object.fromEntries(['a', 'b', 'c', 'd'].map((one) => [`shop.${one}`, { mail: email }]));
    const links = [link('c.mail', 'b.mail'), link('b.mail', 'a.mail')];
    const planned = examinePolicy(catalog, parsePolicy({ tables, links }));
    assert.deepEqual(planned.warnings, []);
    const places = planned.tables.map(({ columns: [one] }) => one!.place);
    assert.deepEqual(
      places.map(({ ignoresCase }) => ignoresCase),
      [true, true, true, undefined],
    );
    const masked = places.map((place) => masking(email, place)('User1@Corp.de'));
    assert.equal(new Set(masked.slice(0, 3)).size, 1);
    assert.equal(masked[0], masking(email)('user1@corp.de'));
    assert.equal(masked[3], masking(email)('User1@Corp.de'));
  });

  test('of a number and text the mask token makes what never joins', () => {
    const catalog = catalogOf(table('a', [column('id', 'integer', 'int4')]), table('b', [column('a_id')]));
    const token = { mask: 'token' };
    const tables = { 'shop.a': { id: token }, 'shop.b': { a_id: token } };
    const { warnings } = examinePolicy(catalog, parsePolicy({ tables, links: [link('b.a_id', 'a.id')] }));
    assert.match(warnings[0]!.what, /and by the mask token none/);
  });
});

describe('a nondeterministic collation', () => {
  const catalog = {
    ...catalogOf(
      table('people', [column('nick', 'text', 'text', { nondeterministic: true })]),
      table('notes', [column('of', 'text', 'text', { nondeterministic: true }), column('by')]),
    ),
    foreignKeys: [
      { name: 'k', table: 'shop.notes', columns: ['of'], references: 'shop.people', referencedColumns: ['nick'] },
    ],
  };
  const warned = (rule: object, more: object = {}) => {
    const tables = { 'shop.people': { nick: rule }, 'shop.notes': { of: rule, by: rule } };
    const { warnings } = examinePolicy({ ...catalog, ...more }, parsePolicy({ tables }));
    return warnings.map(({ where, what }) => `${where} ${what}`);
  };

  test('is warned of where equal values that are masked differently would have to join', () => {
    const [people, notes, ...others] = warned({ mask: 'token' }).sort().reverse();
    assert.match(
      people!,
      /^shop\.people\.nick has a nondeterministic collation: .* then no longer join by the foreign key k;/,
    );
    assert.match(notes!, /^shop\.notes\.of has a nondeterministic collation/);
    assert.deepEqual(others, []);
    for (const rule of [keep, { mask: 'null' }, { mask: 'constant', value: 'x' }]) assert.deepEqual(warned(rule), []);
    assert.deepEqual(warned({ mask: 'token' }, { foreignKeys: [] }), [], 'nothing has to join');
    const links = [{ from: 'shop.notes.by', to: 'shop.people.nick' }];
    const tables = { 'shop.people': { nick: { mask: 'token' } }, 'shop.notes': { of: keep, by: { mask: 'token' } } };
    const linked = examinePolicy({ ...catalog, foreignKeys: [] }, parsePolicy({ tables, links })).warnings;
    assert.deepEqual(
      linked.map(({ where }) => where),
      ['shop.people.nick'],
    );
  });
});

test('what a column has no room for is refused: constants, and names in short unique columns', () => {
  const number = (name: string, type: string, more = {}) => column(name, type, type, more);
  const catalog = catalogOf(
    table(
      't',
      [
        number('small', 'int2'),
        number('big', 'int8'),
        number('price', 'numeric', { precision: 5, scale: 2 }),
        column('code', 'character varying(4)', 'varchar', { limit: 4 }),
        column('nick', 'character varying(9)', 'varchar', { limit: 9 }),
      ],
      unique('nick'),
    ),
  );
  const constants = (small: unknown, big: unknown, price: unknown, code: unknown) =>
    examinePolicy(
      catalog,
      parsePolicy({
        tables: {
          'shop.t': {
            ...Object.fromEntries(
              Object.entries({ small, big, price, code }).map(([name, value]) => [name, { mask: 'constant', value }]),
            ),
            nick: { mask: 'token' },
          },
        },
      }),
    ).wrong.map(({ where }) => where);
  assert.deepEqual(constants(32767, '-9223372036854775808', 999.99, 'äöü…'), []);
  assert.deepEqual(constants(32768, '9223372036854775808', 1000, 'abcde'), [
    'shop.t.small',
    'shop.t.big',
    'shop.t.price',
    'shop.t.code',
  ]);
  assert.deepEqual(constants('x', true, '', ''), ['shop.t.small', 'shop.t.big', 'shop.t.price']);
  const names = { small: keep, big: keep, price: keep, code: keep, nick: { mask: 'first_name' } };
  const { wrong } = examinePolicy(catalog, parsePolicy({ tables: { 'shop.t': names } }));
  assert.deepEqual(
    wrong.map(({ where }) => where),
    ['shop.t.nick'],
  );
  assert.match(wrong[0]!.remedy!, /token/);
});
