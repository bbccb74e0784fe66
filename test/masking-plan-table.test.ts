import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../services/errors.ts';
import type { CatalogColumn, CatalogTable, MaskingCatalog } from '../services/masking/catalog.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { planTable } from '../services/masking/plan/plan-table.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';

const shape = { isArray: false, limit: null, precision: null, scale: null, notNull: false, generated: false };
const column = (name: string, baseType = 'text'): CatalogColumn => ({ name, type: baseType, baseType, ...shape });
const facts = { oid: 1, schema: 'app', kind: 'r' as const, partitionOf: null, estimatedRows: 0, sizeBytes: 0 };
const table = (name: string, columns: CatalogColumn[], more: Partial<CatalogTable> = {}): CatalogTable => ({
  ...{ name, columns, uniqueKeys: [] },
  ...facts,
  ...more,
});

const catalog: MaskingCatalog = {
  tables: [
    table('users', [column('name'), column('born', 'date')], { uniqueKeys: [{ name: 'u', columns: ['name'] }] }),
    table('orders', [column('buyer'), column('total', 'int4')]),
    table('log', [column('line')]),
    table('events', [column('at', 'date'), column('who')], { kind: 'p' }),
    table('events_1', [column('who'), column('at', 'date')], { partitionOf: 'app.events' }),
    table('events_2', [column('at', 'date'), column('who')], { partitionOf: 'app.events' }),
  ],
  foreignKeys: [
    { name: 'k', table: 'app.orders', columns: ['buyer'], references: 'app.users', referencedColumns: ['name'] },
  ],
};
const keep = { keep: 'public' };
const rules = {
  'app.users': { name: { mask: 'full_name' }, born: { mask: 'date' } },
  'app.orders': { buyer: { mask: 'full_name' }, total: keep },
  'app.log': { line: { mask: 'text' } },
  'app.events': { at: keep, who: { mask: 'email' } },
};
const plan = (name: string, tables: Record<string, Record<string, object>>) =>
  planTable(catalog, parsePolicy({ tables }), name).tables;

test('with a whole policy it is the plan of the capture', () => {
  const whole = planMasking(catalog, parsePolicy({ tables: rules })).tables;
  for (const name of ['users', 'orders', 'log']) {
    assert.deepEqual(
      plan(`app.${name}`, rules),
      whole.filter((one) => one.name === name),
    );
  }
  assert.deepEqual(
    plan('app.events', rules).map(({ name, columns }) => [name, ...columns.map((one) => one.name)]),
    [
      ['events_1', 'who', 'at'],
      ['events_2', 'at', 'who'],
    ],
  );
});

test('what is wrong or lacking elsewhere changes nothing, not even what a foreign key to there demands', () => {
  const { 'app.orders': orders } = rules;
  const whole = plan('app.orders', rules);
  assert.equal(whole[0]!.columns[0]!.place.unique, true);
  const cases: Record<string, Record<string, object>>[] = [
    {},
    { 'app.users': {} },
    { 'app.users': { name: { mask: 'full_name' }, born: { mask: 'email' }, gone: keep } },
    { 'app.nothing': { a: keep }, 'app.events_1': { who: keep }, 'app.log': {} },
  ];
  for (const others of cases) assert.deepEqual(plan('app.orders', { ...others, 'app.orders': orders }), whole);
});

test('a sequence that is no longer kept changes nothing', () => {
  const sequences = { 'app.numbers': { keep: 'printed', until: '2020-12-31' } };
  const { tables } = planTable(catalog, parsePolicy({ tables: rules, sequences }), 'app.orders');
  assert.deepEqual(tables, plan('app.orders', rules));
});

test('what is wrong or lacking at the table itself is refused, and nothing else is named', () => {
  const refused = (tables: Record<string, Record<string, object>>) => {
    try {
      plan('app.orders', tables);
    } catch (error) {
      assert.ok(error instanceof Problem);
      return [error.code, ...error.errors!.map(({ where }) => where)];
    }
    return assert.fail('it should have been refused');
  };
  assert.deepEqual(refused({}), ['policy-incomplete', 'app.orders.buyer', 'app.orders.total']);
  assert.deepEqual(refused({ 'app.orders': { buyer: keep, total: { mask: 'email' }, gone: keep } }), [
    'policy-invalid',
    'app.orders.gone',
    'app.orders.total',
  ]);
  // A foreign key whose other end is masked otherwise.
  assert.deepEqual(refused({ ...rules, 'app.orders': { buyer: keep, total: keep } }), [
    'policy-invalid',
    'app.orders.buyer',
  ]);
});

test('links and quasi-identifiers of tables that are left out do not stand in its way', () => {
  const { 'app.orders': orders } = rules;
  const policy = parsePolicy({
    tables: { 'app.orders': orders },
    links: [{ from: 'app.log.line', to: 'app.users.name' }],
    quasiIdentifiers: { 'app.users': [['born']] },
  });
  assert.deepEqual(
    planTable(catalog, policy, 'app.orders').tables.map(({ name }) => name),
    ['orders'],
  );
});
