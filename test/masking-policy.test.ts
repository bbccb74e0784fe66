import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Problem } from '../services/errors.ts';
import type { CatalogColumn, CatalogTable, MaskingCatalog } from '../services/masking/catalog.ts';
import { type PlannedTable, planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy, policyHash } from '../services/masking/policy/policy.ts';

function problemOf(work: () => unknown): Problem {
  try {
    work();
  } catch (error) {
    return error as Problem;
  }
  assert.fail('it should have been refused');
}

const wheres = (problem: Problem) => problem.errors!.map(({ where }) => where).sort();
const mistakeAt = (problem: Problem, where: string) => problem.errors!.find((mistake) => mistake.where === where)!;

describe('reading a policy', () => {
  test('every kind with its options, keeps with their reason', () => {
    parsePolicy({
      tables: {
        'shop.customers': {
          id: { keep: 'surrogate key' },
          email: { mask: 'email' },
          born: { mask: 'date', days: 40, per: 'snapshot' },
          prefs: { mask: 'json', fields: { 'a.b': 'email', c: { mask: 'number', noise: 0.5 }, d: { keep: 'public' } } },
          source: { mask: 'constant', value: 'web' },
          constructor: { mask: 'null' },
        },
      },
    });
  });

  test('all mistakes come at once, each at its column', () => {
    const problem = problemOf(() =>
      parsePolicy({
        tables: {
          'shop.customers': {
            email: { mask: 'e-mail' },
            born: { mask: 'date', dayz: 4 },
            name: {},
            id: { keep: '' },
            kept: { keep: 'why', mask: 'email' },
            source: { mask: 'constant' },
            noisy: { mask: 'number', noise: 7 },
            prefs: { mask: 'json', fields: { a: 'nonsense' } },
            plain: 'email',
          },
        },
      }),
    );
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(
      [...new Set(wheres(problem))],
      [
        'shop.customers.born',
        'shop.customers.email',
        'shop.customers.id',
        'shop.customers.kept',
        'shop.customers.name',
        'shop.customers.noisy',
        'shop.customers.plain',
        'shop.customers.prefs',
        'shop.customers.source',
      ],
    );
    assert.match(mistakeAt(problem, 'shop.customers.born').what, /unknown option `dayz`/);
    assert.match(mistakeAt(problem, 'shop.customers.source').what, /lacks `value`/);
    assert.match(mistakeAt(problem, 'shop.customers.email').what, /is none of: .*email, phone/);
    assert.match(mistakeAt(problem, 'shop.customers.name').remedy!, /mask: <kind>/);
  });

  test('what is no policy at all', () => {
    for (const input of [undefined, null, 'text', [], {}, { tables: [] }, { tables: {}, extra: 1 }]) {
      assert.equal(problemOf(() => parsePolicy(input)).code, 'policy-invalid');
    }
    let deep: object = { mask: 'email' };
    for (let depth = 0; depth < 5000; depth++) deep = { mask: 'json', fields: { a: deep } };
    assert.equal(problemOf(() => parsePolicy({ tables: { 'a.b': { c: deep } } })).code, 'policy-invalid');
  });

  test('the hash does not depend on the order of keys', () => {
    const a = parsePolicy({ tables: { 'a.b': { x: { mask: 'date', days: 3 }, y: { keep: 'k' } }, 'a.c': {} } });
    const b = parsePolicy({ tables: { 'a.c': {}, 'a.b': { y: { keep: 'k' }, x: { days: 3, mask: 'date' } } } });
    assert.equal(policyHash(a), policyHash(b));
    assert.notEqual(policyHash(a), policyHash(parsePolicy({ tables: { 'a.c': {} } })));
  });
});

function column(name: string, baseType = 'text', more: Partial<CatalogColumn> = {}): CatalogColumn {
  const rest = { isArray: false, limit: null, precision: null, scale: null, notNull: false, generated: false };
  return { name, type: baseType, baseType, ...rest, ...more };
}

function table(name: string, columns: CatalogColumn[], more: Partial<CatalogTable> = {}): CatalogTable {
  const rest = {
    oid: 1,
    schema: 'shop',
    kind: 'r' as const,
    partitionOf: null,
    uniqueKeys: [],
    estimatedRows: 0,
    sizeBytes: 0,
  };
  return { name, columns, ...rest, ...more };
}

const catalogOf = (tables: CatalogTable[], foreignKeys: MaskingCatalog['foreignKeys'] = []): MaskingCatalog => ({
  tables,
  foreignKeys,
});
const plan = (catalog: MaskingCatalog, tables: Record<string, unknown>) =>
  planMasking(catalog, parsePolicy({ tables }));
const columnIn = (planned: PlannedTable[], at: string, name: string) =>
  planned.find((one) => one.name === at)!.columns.find((one) => one.name === name)!;

describe('holding a policy against a source', () => {
  test('every column that nothing classifies is listed, seaql_migrations too', () => {
    const catalog = catalogOf([
      table('customers', [column('id', 'int8'), column('email'), column('domain', 'text', { generated: true })]),
      table('seaql_migrations', [column('version')]),
      table('revenue', [column('city')], { kind: 'm' }),
    ]);
    const problem = problemOf(() => plan(catalog, { 'shop.customers': { id: { keep: 'surrogate' } } }));
    assert.equal(problem.code, 'policy-incomplete');
    assert.deepEqual(wheres(problem), ['shop.customers.email', 'shop.seaql_migrations.version']);
    assert.match(mistakeAt(problem, 'shop.customers.email').remedy!, /\{ mask: <kind> \}/);
  });

  test('rules for views and foreign tables do nothing, and sequences that are not there keep nothing', () => {
    const catalog = {
      ...catalogOf([
        table('customers', [column('id', 'int8')]),
        table('revenue', [column('city')], { kind: 'm' }),
        table('away', [column('city')], { kind: 'f' }),
      ]),
      sequences: [{ schema: 'shop', name: 'numbers' }],
    };
    const keep = { keep: 'surrogate' };
    const of = (policy: object) =>
      problemOf(() => planMasking(catalog, parsePolicy({ tables: {}, types: { int8: keep }, ...policy })));
    const city = { city: { mask: 'city' } };
    const problem = of({
      tables: { 'shop.revenue': city, 'shop.away': city, 'shop.readable': city, 'shop.customers': { gone: keep } },
      sequences: { 'shop.numbers': keep, 'shop.foo': keep },
    });
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(wheres(problem), [
      ...['shop.away', 'shop.customers.gone', 'shop.foo', 'shop.readable', 'shop.revenue'],
    ]);
    assert.match(mistakeAt(problem, 'shop.revenue').what, /materialized view.*computes anew from masked rows/);
    assert.match(mistakeAt(problem, 'shop.revenue').remedy!, /rules go to the tables that it reads/);
    assert.match(mistakeAt(problem, 'shop.readable').remedy!, /a view, which has no rows of its own/);
    assert.match(mistakeAt(problem, 'shop.customers.gone').remedy!, /may have been dropped or renamed/);
    assert.match(mistakeAt(problem, 'shop.foo').what, /is no sequence of the source/);
    assert.match(
      problem.toDocument().detail,
      /does not fit the source \(shop\.revenue: is a materialized .*; and 4 more\)$/,
    );
    assert.match(problem.toDocument().remedy!, /^Correct what is named/);
    const only = of({ sequences: { 'shop.foo': keep } });
    assert.equal(only.where, 'shop.foo');
    assert.match(only.toDocument().detail, /\(shop\.foo: is no sequence of the source\)$/);
  });

  test('names the source does not have, and what needs no entry', () => {
    const catalog = catalogOf([
      table('customers', [column('id', 'int8'), column('domain', 'text', { generated: true })]),
      table('events', [column('id', 'int8')], { kind: 'p' }),
      table('events_2024', [column('id', 'int8')], { partitionOf: 'shop.events' }),
    ]);
    const keep = { keep: 'surrogate' };
    const problem = problemOf(() =>
      plan(catalog, {
        'shop.customers': { id: keep, domain: { mask: 'text' }, gone: keep },
        'shop.nothing': { id: keep },
        'shop.events': { id: keep },
        'shop.events_2024': { id: keep },
      }),
    );
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(wheres(problem), [
      'shop.customers.domain',
      'shop.customers.gone',
      'shop.events_2024',
      'shop.nothing',
    ]);
  });

  test('partitions follow their partitioned table', () => {
    const columns = [column('id', 'int8'), column('email')];
    const catalog = catalogOf([
      table('events', columns, { kind: 'p' }),
      table('events_2024', [...columns].reverse(), { partitionOf: 'shop.events' }),
      table('events_rest', columns, { partitionOf: 'shop.events' }),
    ]);
    const { tables } = plan(catalog, { 'shop.events': { id: { keep: 'surrogate' }, email: { mask: 'email' } } });
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['events_2024', 'events_rest'],
    );
    assert.deepEqual(
      tables[0]!.columns.map(({ name }) => name),
      ['email', 'id'],
    );
  });

  test('kinds that a column cannot hold', () => {
    const catalog = catalogOf([
      table('t', [
        column('a', 'int4'),
        column('b', 'bytea'),
        column('c', 'varchar', { limit: 10 }),
        column('d', 'text', { notNull: true }),
        column('e', 'jsonb'),
        column('f', 'timestamptz'),
        column('g', 'text', { isArray: true }),
      ]),
    ]);
    const problem = problemOf(() =>
      plan(catalog, {
        'shop.t': {
          a: { mask: 'email' },
          b: { mask: 'text' },
          c: { mask: 'email' },
          d: { mask: 'null' },
          e: { mask: 'text' },
          f: { mask: 'date' },
          g: { mask: 'email' },
        },
      }),
    );
    assert.deepEqual(wheres(problem), ['shop.t.a', 'shop.t.b', 'shop.t.c', 'shop.t.d', 'shop.t.e']);
    assert.match(mistakeAt(problem, 'shop.t.a').remedy!, /number/);
    assert.match(mistakeAt(problem, 'shop.t.c').what, /too short/);
  });

  test('unique columns: kinds that repeat values are refused, names get characters of the hash and a warning', () => {
    const catalog = catalogOf([
      table('t', [column('day', 'date'), column('nick'), column('email'), column('free')], {
        uniqueKeys: [
          { name: 'a', columns: ['day', null] },
          { name: 'b', columns: ['nick'] },
          { name: 'c', columns: ['email'] },
        ],
      }),
    ]);
    const rules = { nick: { mask: 'first_name' }, email: { mask: 'email' }, free: { mask: 'first_name' } };
    const problem = problemOf(() => plan(catalog, { 'shop.t': { ...rules, day: { mask: 'date' } } }));
    assert.deepEqual(wheres(problem), ['shop.t.day']);
    assert.match(problem.errors![0]!.remedy!, /per: snapshot/);
    const { tables, warnings } = plan(catalog, { 'shop.t': { ...rules, day: { mask: 'date', per: 'snapshot' } } });
    assert.deepEqual(
      warnings.map(({ where }) => where),
      ['shop.t.nick'],
    );
    assert.equal(columnIn(tables, 't', 'nick').place.unique, true);
    assert.equal(columnIn(tables, 't', 'free').place.unique, false);
  });

  test('both ends of a foreign key are masked alike', () => {
    const catalog = catalogOf(
      [
        table('people', [column('name')], { uniqueKeys: [{ name: 'k', columns: ['name'] }] }),
        table('orders', [column('buyer')]),
        table('lines', [column('buyer')]),
      ],
      [
        {
          name: 'orders_fk',
          table: 'shop.orders',
          columns: ['buyer'],
          references: 'shop.people',
          referencedColumns: ['name'],
        },
        {
          name: 'lines_fk',
          table: 'shop.lines',
          columns: ['buyer'],
          references: 'shop.orders',
          referencedColumns: ['buyer'],
        },
      ],
    );
    const name = { mask: 'full_name' };
    const problem = problemOf(() =>
      plan(catalog, {
        'shop.people': { name },
        'shop.orders': { buyer: { mask: 'text' } },
        'shop.lines': { buyer: { mask: 'null' } },
      }),
    );
    assert.deepEqual(wheres(problem), ['shop.orders.buyer']);
    const repeating = problemOf(() => {
      const country = { mask: 'randomise', values: ['a', 'b'] };
      plan(catalog, {
        'shop.people': { name: country },
        'shop.orders': { buyer: country },
        'shop.lines': { buyer: country },
      });
    });
    assert.match(mistakeAt(repeating, 'shop.people.name').what, /^is unique, and/);
    for (const where of ['shop.orders.buyer', 'shop.lines.buyer'])
      assert.match(mistakeAt(repeating, where).what, /^is tied to shop\.people\.name, which is unique, and the mask/);
    const { tables } = plan(catalog, {
      'shop.people': { name },
      'shop.orders': { buyer: name },
      'shop.lines': { buyer: name },
    });
    for (const planned of tables) assert.equal(planned.columns[0]!.place.unique, true, planned.name);
  });
});
