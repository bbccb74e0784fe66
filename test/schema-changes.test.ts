import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../services/errors.ts';
import { planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';
import { type SchemaTable, type SourceSchema, schemaChanges } from '../services/masking/policy/schema-changes.ts';

/** Columns as `number name type`. */
function table(oid: number, name: string, columns: string[], kind: SchemaTable['kind'] = 'r'): SchemaTable {
  return {
    ...{ oid, schema: 'shop', name, kind },
    columns: columns.map((text) => {
      const [number, column, ...type] = text.split(' ');
      return { number: Number(number), name: column!, type: type.join(' ') };
    }),
  };
}

const schema = (tables: SchemaTable[], system: string | null = 'one'): SourceSchema => ({
  ...(system === null ? {} : { system }),
  tables,
});
const changes = (before: SourceSchema, after: SourceSchema) =>
  schemaChanges(before, after).map(({ where, what }) => `${where}: ${what}`);

const customers = table(1, 'customers', ['1 id integer', '2 email text', '4 phone character varying(20)']);
const orders = table(2, 'orders', ['1 id integer']);
const before = schema([customers, orders]);

test('the same schema, one with less in it, and one in another order have not changed', () => {
  assert.deepEqual(changes(before, before), []);
  assert.deepEqual(changes(before, schema([])), []);
  assert.deepEqual(changes(before, schema([table(1, 'customers', ['2 email text', '1 id integer'])])), []);
});

test('new, renamed and retyped columns, and those put in the place of a dropped one', () => {
  const after = schema([
    table(1, 'customers', ['1 id bigint', '2 mail text', '5 phone character varying(20)', '6 fax text']),
    orders,
  ]);
  assert.deepEqual(changes(before, after), [
    'shop.customers.id: was integer, is bigint',
    'shop.customers.mail: renamed from email',
    'shop.customers.phone: new, character varying(20)',
    'shop.customers.fax: new, text',
  ]);
  const swapped = table(1, 'customers', ['1 id integer', '2 phone text', '4 email character varying(40)']);
  assert.deepEqual(changes(before, schema([swapped])), [
    'shop.customers.phone: renamed from email',
    'shop.customers.email: renamed from phone; was character varying(20), is character varying(40)',
  ]);
});

test('new and renamed tables and types', () => {
  const after = schema([
    table(1, 'clients', ['1 id integer', '2 email citext']),
    table(2, 'customers', ['1 id integer']),
    table(9, 'leads', ['1 id integer', '2 who text']),
    table(10, 'address', ['1 street text'], 'c'),
  ]);
  assert.deepEqual(changes(before, after), [
    'shop.clients: renamed from shop.customers',
    'shop.clients.email: was text, is citext',
    'shop.customers: renamed from shop.orders',
    'shop.leads: new table, with id integer, who text',
    'shop.address: new type, with street text',
  ]);
  const wide = table(
    3,
    'wide',
    Array.from({ length: 1600 }, (_, n) => `${n} c${n} text`),
  );
  assert.match(changes(before, schema([wide]))[0]!, /c19 text, and 1580 more$/);
});

test('a table made anew under its name, and another cluster, are compared by names', () => {
  const anew = table(7, 'customers', ['1 email text', '2 phone character varying(20)', '3 note text']);
  const renumbered = table(1, 'orders', ['9 id integer']);
  assert.deepEqual(changes(before, schema([anew])), ['shop.customers.note: new, text']);
  assert.deepEqual(changes(before, schema([anew, renumbered], 'two')), ['shop.customers.note: new, text']);
  assert.deepEqual(changes(schema([customers, orders], null), schema([renumbered], null)), []);
});

test('a change stops the capture although a pattern or type rule would classify it, and comes first', () => {
  const column = { baseType: 'text', isArray: false, limit: null, precision: null, scale: null, notNull: false };
  const catalog = {
    tables: [
      {
        ...{ oid: 1, schema: 'shop', name: 'customers', kind: 'r' as const, partitionOf: null, uniqueKeys: [] },
        ...{ estimatedRows: 0, sizeBytes: 0 },
        columns: ['phone', 'note'].map((name) => ({ ...column, name, type: 'text', generated: false })),
      },
    ],
    foreignKeys: [],
  };
  const policy = {
    tables: { 'shop.customers': { gone: { mask: 'text' } } },
    names: [{ match: 'phone', rule: { mask: 'phone' } }],
  };
  const seen = [{ where: 'shop.customers.phone', what: 'was integer, is text' }];
  assert.throws(
    () => planMasking(catalog, parsePolicy(policy), { changes: seen }),
    (problem: Problem) => {
      assert.equal(problem.code, 'schema-changed');
      assert.match(problem.toDocument().remedy!, /set the policy again/);
      assert.deepEqual(
        problem.errors!.map(({ where }) => where),
        ['shop.customers.phone', 'shop.customers.gone', 'shop.customers.note'],
      );
      return true;
    },
  );
});
