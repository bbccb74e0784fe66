import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Mistake, Problem } from '../services/errors.ts';
import type { CatalogColumn, CatalogForeignKey, CatalogTable, CatalogValue } from '../services/masking/catalog.ts';
import { families } from '../services/masking/kind.ts';
import { kinds } from '../services/masking/kinds/index.ts';
import { type MaskingPlan, planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';

const plain = { isArray: false, limit: null, precision: null, scale: null };
const value = (baseType: string, more: Partial<CatalogValue> = {}): CatalogValue => ({ baseType, ...plain, ...more });

function column(name: string, baseType = 'text', more: Partial<CatalogColumn> = {}): CatalogColumn {
  return { name, type: baseType, notNull: false, generated: false, ...value(baseType), ...more };
}

/** Plans rules for one table of columns. */
function plan(
  columns: CatalogColumn[],
  rules: Record<string, unknown>,
  more: { unique?: string[]; foreignKeys?: CatalogForeignKey[]; name?: string } = {},
): MaskingPlan {
  const table: CatalogTable = {
    ...{ oid: 1, schema: 'shop', name: more.name ?? 't', kind: 'r', partitionOf: null, columns },
    ...{ uniqueKeys: (more.unique ?? []).map((one) => ({ name: `${one}_key`, columns: [one] })) },
    ...{ estimatedRows: 0, sizeBytes: 0 },
  };
  const catalog = { tables: [table], foreignKeys: more.foreignKeys ?? [] };
  return planMasking(catalog, parsePolicy({ tables: { [`shop.${table.name}`]: rules } }));
}

function mistakes(...planned: Parameters<typeof plan>): Mistake[] {
  try {
    plan(...planned);
  } catch (error) {
    assert.equal((error as Problem).code, 'policy-invalid');
    for (const { remedy } of (error as Problem).errors!) assert.ok(remedy, 'each says what to do');
    return (error as Problem).errors!;
  }
  assert.fail('it should have been refused');
}

const keep = { keep: 'surrogate' };

describe('a rule that does not go with its column is refused before anything is read', () => {
  const refused: [CatalogColumn, object, RegExp][] = [
    [column('c', 'macaddr'), { mask: 'ip' }, /macaddr cannot hold the mask ip/],
    [column('c', 'bytea'), { mask: 'token' }, /cannot hold/],
    [column('c', 'float8'), { mask: 'token' }, /whole ones of 38 digits/],
    [column('c', 'numeric'), { mask: 'token' }, /whole ones/],
    [column('c', 'numeric', { precision: 5, scale: 2 }), { mask: 'token' }, /whole ones/],
    [column('c', 'numeric', { precision: 39, scale: 0 }), { mask: 'token' }, /whole ones/],
    [column('c', 'int4range', { bounds: value('int4') }), { mask: 'token' }, /is a range/],
    [column('c', 'int8'), { mask: 'randomise', from: 1, to: 2 ** 53 }, /beyond 2\^53/],
    [column('c', 'float4'), { mask: 'number', max: 1e39 }, /cannot hold 1e\+39/],
    [column('c', 'tsvector'), { mask: 'text' }, /cannot hold/],
    [column('c', 'point'), { mask: 'number' }, /cannot hold/],
    [column('c', 'xml'), { mask: 'json' }, /cannot hold/],
    [column('c', 'address', { fields: [] }), { mask: 'text' }, /cannot hold/],
    [column('c', 'daterange', { bounds: value('date') }), { mask: 'email' }, /cannot hold/],
    [column('c', 'textrange', { bounds: value('text') }), { mask: 'text' }, /cannot hold/],
    [column('c', 'mood', { labels: ['a', 'b'] }), { mask: 'constant', value: 'c' }, /has no label c/],
    [column('c', 'mood', { labels: ['a'] }), { mask: 'randomise' }, /single value/],
    [column('c', 'mood', { labels: ['a', 'b'] }), { mask: 'randomise', values: ['a', 'z'] }, /has no label z/],
    [column('c', 'text'), { mask: 'randomise' }, /has no values to draw from/],
    [column('c', 'date'), { mask: 'randomise', from: '1980-01-01' }, /no `from` that lies before/],
    [column('c', 'date'), { mask: 'randomise', from: 'May', to: 'June' }, /no `from` that lies before/],
    [column('c', 'int2'), { mask: 'randomise', from: 0, to: 40000 }, /cannot hold all between/],
    [column('c', 'text'), { mask: 'randomise', from: 1, to: 2 }, /nothing between/],
    [column('c', 'int2'), { mask: 'randomise', shape: true }, /no shape/],
    [column('c', 'text'), { mask: 'randomise', shape: true, values: ['a', 'b'] }, /two ways/],
    [column('c', 'int4range', { bounds: value('int4') }), { mask: 'randomise', values: [1, 2] }, /is a range/],
    [column('c', 'int2'), { mask: 'constant', value: 40000 }, /cannot hold 40000/],
    [column('c', 'int4'), { mask: 'constant', value: 1.5 }, /cannot hold 1\.5/],
    [column('c', 'numeric', { precision: 3, scale: 1 }), { mask: 'constant', value: 100 }, /cannot hold 100/],
    [column('c', 'bool'), { mask: 'constant', value: 'maybe' }, /cannot hold maybe/],
    [column('c', 'varchar', { limit: 3 }), { mask: 'constant', value: 'four' }, /cannot hold 4 characters/],
    [column('c', 'varchar', { limit: 60 }), { mask: 'password', password: 'x', scheme: 'scrypt' }, /too short/],
    [column('c', 'int2'), { mask: 'number', min: 0, max: 100_000 }, /cannot hold 100000/],
    [column('c', 'int4'), { mask: 'number', noise: 0.1, amount: 3 }, /both/],
    [column('c', 'int4'), { mask: 'number', min: 9, max: 9 }, /not below/],
    [column('c', 'date'), { mask: 'generalise', bucket: 10 }, /generalised by `to`/],
    [column('c', 'date'), { mask: 'generalise', to: 'hour' }, /has no hour/],
    [column('c', 'int4'), { mask: 'generalise', bucket: 0.5 }, /whole numbers/],
    [column('c', 'date'), { mask: 'generalise', to: 'day' }, /stay as it is/],
    [column('c', 'daterange', { bounds: value('date') }), { mask: 'generalise', to: 'day' }, /stay as it is/],
    [column('c', 'int4'), { mask: 'generalise', bucket: 1 }, /stay as it is/],
    [column('c', 'numeric', { precision: 8, scale: 2 }), { mask: 'generalise', bucket: 0.01 }, /stay as it is/],
    [column('c', 'numeric', { precision: 8, scale: 2 }), { mask: 'generalise', bucket: 0.019 }, /stay as it is/],
    [column('c', 'numeric', { precision: 8, scale: 0 }), { mask: 'generalise', bucket: 1.5 }, /stay as it is/],
    [column('c', 'numeric', { precision: 2, scale: -3 }), { mask: 'generalise', bucket: 1000 }, /stay as it is/],
    [column('c', 'money'), { mask: 'generalise', bucket: 0.01 }, /stay as it is/],
    [column('c', 'inet'), { mask: 'generalise', prefix: 32 }, /stay as it is/],
    [column('c', 'cidr'), { mask: 'generalise', prefix: 128 }, /stay as it is/],
    [column('c', 'varchar', { limit: 12 }), { mask: 'generalise', prefix: 12 }, /stay as it is/],
    [column('c', 'date'), { mask: 'date', subject: 'nobody' }, /names the subject nobody/],
    [column('c', 'date'), { mask: 'date', subject: 'c' }, /names the subject c/],
    [column('c', 'date'), { mask: 'date', subject: 'made' }, /names the subject made/],
    [column('c', 'date'), { mask: 'date', subject: 'id', per: 'snapshot' }, /only one can hold/],
    [column('c', 'tsvector'), { mask: 'rebuild', columns: ['id'] }, /rebuilt from id/],
    [column('c', 'tsvector', { isArray: true }), { mask: 'rebuild', columns: [] }, /array/],
  ];
  for (const [one, rule, what] of refused) {
    test(`${one.type} ${JSON.stringify(rule)}`, () => {
      const columns = [one, column('id', 'int8'), column('made', 'text', { generated: true })];
      const parsed = rule as { columns?: string[] };
      const found = mistakes(columns, {
        c: parsed.columns?.length === 0 ? { ...rule, columns: ['id'] } : rule,
        id: keep,
      });
      assert.equal(found[0]!.where, 'shop.t.c');
      assert.ok(
        found.some((mistake) => what.test(mistake.what)),
        JSON.stringify(found),
      );
    });
  }

  test('the remedy lists only kinds that the length has room for', () => {
    const remedyOf = (rule: object, unique: string[] = []) =>
      mistakes([column('c', 'bpchar', { limit: 2 })], { c: rule }, { unique })[0]!.remedy!;
    const unfit = remedyOf({ mask: 'bytes' });
    assert.match(unfit, /country, .*token/);
    assert.doesNotMatch(unfit, /email|url|username/);
    const repeating = remedyOf({ mask: 'randomise', shape: true }, ['c']);
    assert.match(repeating, /token/);
    assert.doesNotMatch(repeating, /email|url|username|country|text/);
  });

  test('what is a little coarser than that is not', () => {
    for (const [one, options] of [
      [column('c', 'date'), { to: 'month' }],
      [column('c', 'timestamp'), { to: 'day' }],
      [column('c', 'int4'), { bucket: 2 }],
      [column('c', 'numeric', { precision: 8, scale: 2 }), { bucket: 0.02 }],
      [column('c', 'numeric', { precision: 2, scale: -3 }), { bucket: 2000 }],
      [column('c', 'numeric'), { bucket: 0.01 }],
      [column('c', 'money'), { bucket: 0.05 }],
      [column('c', 'inet'), { prefix: 31 }],
      [column('c', 'varchar', { limit: 12 }), { prefix: 11 }],
      [column('c', 'text'), { prefix: 128 }],
    ] as const) {
      plan([one], { c: { mask: 'generalise', ...options } });
    }
  });

  test('constants at the ends of what a column holds are not', () => {
    const numeric = { precision: 4, scale: 2 };
    for (const [one, value] of [
      [column('c', 'int2'), -32768],
      [column('c', 'int8'), '-9223372036854775808'],
      [column('c', 'numeric', numeric), 99.99],
      [column('c', 'numeric', numeric), 'NaN'],
      [column('c', 'float8'), '1e30'],
      [column('c', 'float4'), '-Infinity'],
      [column('c', 'varchar', { limit: 4 }), 'äöü…'],
    ] as const) {
      plan([one], { c: { mask: 'constant', value } });
    }
  });

  test('unique columns: too few values, or too few characters to keep them apart', () => {
    const short = column('c', 'varchar', { limit: 8 });
    assert.match(
      mistakes([short], { c: { mask: 'city' } }, { unique: ['c'] })[0]!.what,
      /too short for the 10 characters/,
    );
    const gender = column('c', 'gender', { labels: ['f', 'm'] });
    assert.match(mistakes([gender], { c: { mask: 'randomise' } }, { unique: ['c'] })[0]!.what, /is unique/);
    assert.match(
      mistakes([column('c')], { c: { mask: 'generalise', prefix: 3 } }, { unique: ['c'] })[0]!.what,
      /is unique/,
    );
    // An exclusion constraint is as good as a unique key: ranges that overlapped nowhere must not do so afterwards.
    const stay = column('c', 'daterange', { bounds: value('date') });
    assert.match(mistakes([stay], { c: { mask: 'date' } }, { unique: ['c'] })[0]!.remedy!, /per: snapshot/);
    plan([stay], { c: { mask: 'date', per: 'snapshot' } }, { unique: ['c'] });
    plan([column('c', 'macaddr')], { c: { mask: 'mac' } }, { unique: ['c'] });
    plan([column('c')], { c: { mask: 'shuffle' } }, { unique: ['c'] });
  });
});

describe('parts of values', () => {
  const address = column('c', 'address', {
    fields: [
      { name: 'street', type: 'text', ...value('text') },
      { name: 'since', type: 'date', ...value('date') },
      { name: 'inner', type: 'pair', ...value('pair', { fields: [{ name: 'x', type: 'int4', ...value('int4') }] }) },
    ],
  });

  test('composite: fields that are not classified, not there, or cannot hold their rule', () => {
    const fields = { since: 'email', gone: 'text', inner: { mask: 'composite', fields: { x: 'number', y: 'number' } } };
    const found = mistakes([address], { c: { mask: 'composite', fields } });
    assert.deepEqual(
      found.map(({ where }) => where),
      ['shop.t.c.street', 'shop.t.c.since', 'shop.t.c.inner.y', 'shop.t.c.gone'],
    );
    const inner = { mask: 'composite', fields: { x: keep } };
    plan([address], { c: { mask: 'composite', fields: { street: 'street', since: 'date', inner } } });
  });

  test('documents and hstore: kinds that are for whole columns, or for no text, are refused', () => {
    for (const one of [column('c', 'jsonb'), column('c', 'hstore')]) {
      const mask = one.type === 'hstore' ? 'hstore' : 'json';
      const fields = {
        a: 'shuffle',
        b: 'bytes',
        c: { mask: 'date', subject: 'id' },
        d: 'randomise',
        e: 'constant',
        f: 'email',
        g: { mask: 'generalise', prefix: 2 },
      };
      const found = mistakes([one, column('id', 'int8')], { c: { mask, fields }, id: keep });
      assert.deepEqual(
        [...new Set(found.map(({ where }) => where))],
        ['a', 'b', 'c', 'd', 'e'].map((field) => `shop.t.c.${field}`),
      );
    }
  });
});

test('booleans of a document are nulled, constant or kept: no other mask holds them', () => {
  const document = column('c', 'jsonb');
  for (const booleans of ['null', { mask: 'constant', value: true }, keep])
    plan([document], { c: { mask: 'json', booleans } });
  for (const booleans of ['text', 'randomise', 'number', { mask: 'constant', value: 'maybe' }])
    assert.equal(mistakes([document], { c: { mask: 'json', booleans } })[0]!.where, 'shop.t.c.booleans');
});

describe('pools', () => {
  const key = { name: 'k', table: 'shop.t', columns: ['parent'], references: 'shop.t', referencedColumns: ['code'] };
  const columns = [column('code'), column('parent')];

  test('columns that share a pool are read together, others each on its own', () => {
    const { pools, tables } = plan([...columns, column('town')], {
      code: { mask: 'shuffle', pool: 'codes' },
      parent: { mask: 'shuffle', pool: 'codes' },
      town: { mask: 'shuffle' },
    });
    assert.deepEqual(
      pools.map((pool) => pool.columns.map((one) => one.column)),
      [['code', 'parent'], ['town']],
    );
    const poolsOf = tables[0]!.columns.map(({ place }) => place.pool);
    assert.equal(poolsOf[0], poolsOf[1]);
    assert.notEqual(poolsOf[1], poolsOf[2]);
  });

  test('columns that may print one value in two ways share no pool', () => {
    const pooled = { mask: 'shuffle', pool: 'codes' };
    const numeric = (scale: number) => ({ precision: 12, scale });
    const apart: [CatalogColumn, CatalogColumn][] = [
      [column('a', 'bpchar', { limit: 40 }), column('b', 'varchar', { limit: 60 })],
      [column('a', 'bpchar', { limit: 40 }), column('b', 'bpchar', { limit: 41 })],
      [column('a', 'numeric', numeric(0)), column('b', 'numeric', numeric(2))],
      [column('a', 'date'), column('b', 'timestamp')],
      [column('a'), column('b', 'text', { isArray: true })],
    ];
    for (const columns of apart) {
      const found = mistakes(columns, { a: pooled, b: pooled });
      assert.deepEqual(
        found.map(({ where }) => where),
        ['shop.t.b'],
      );
      assert.match(found[0]!.what, /in one pool with shop\.t\.a/);
    }
    const alike = [column('a'), column('b', 'varchar', { limit: 60 }), column('c', 'citext')];
    assert.equal(plan(alike, { a: pooled, b: pooled, c: pooled }).pools.length, 1);
    const integers = [column('a', 'int4'), column('b', 'int8')];
    assert.equal(plan(integers, { a: pooled, b: pooled }).pools.length, 1);
  });

  test('ends of a foreign key without a common pool are refused', () => {
    const found = mistakes(columns, { code: { mask: 'shuffle' }, parent: { mask: 'shuffle' } }, { foreignKeys: [key] });
    assert.equal(found[0]!.where, 'shop.t.parent');
    assert.match(found[0]!.remedy!, /same `pool`/);
  });
});

test('every family is held by null and constant', () => {
  for (const family of families) {
    for (const name of ['null', 'constant']) assert.ok(kinds[name]!.holds.includes(family), `${name} ${family}`);
  }
});
