import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Operation } from '../examples/demo/client.ts';
import type { components } from '../openapi/types.ts';
import { exec } from '../services/engine/exec.ts';
import { docker } from './support/postgres.ts';
import { startService, type TestService } from './support/service.ts';
import { createShop, type Production, policy, startProduction } from './support/shop.ts';

type Schemas = components['schemas'];
type Suggestion = Schemas['PolicySuggestion'];
type Preview = Schemas['PolicyPreview'];

const base = '/v1/projects/shop/sources';
let service: TestService;
let production: Production;
let reader: pg.Client;

before(async () => {
  service = await startService();
  production = await startProduction({ canary: 'qxkanarivz', canaryDigits: '90713842' });
  await createShop(service);
  reader = new pg.Client({ connectionString: production.url });
  await reader.connect();
  for (const name of ['blank', 'production'] as const) {
    const own = name === 'blank' ? {} : { policy };
    await service.call('POST', base, { name, url: production.url, ...own });
  }
});

after(async () => {
  await reader?.end();
  await production?.remove();
  await service?.remove();
});

/** Every text, element and leaf of at least six characters that a table holds; of some columns only. */
async function valuesOf(table: string, columns?: string[]): Promise<Set<string>> {
  const { rows } = await reader.query<Record<string, unknown>>(`SELECT to_jsonb(t) AS row FROM ${table} t`);
  const values = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string') values.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const { row } of rows) {
    for (const [column, value] of Object.entries(row as object)) if (columns?.includes(column) ?? true) collect(value);
  }
  return new Set([...values].filter((value) => value.length >= 6));
}

function assertSaysNone(said: string, values: Set<string>): void {
  assert.ok(values.size > 10);
  const escaped = JSON.stringify(said);
  for (const value of values) assert.ok(!said.includes(value) && !escaped.includes(value), `it says ${value}`);
}

const tables = Object.keys(policy.tables);
const keptBy = (table: string, keep: boolean) =>
  Object.entries(policy.tables[table]!).flatMap(([column, rule]) => ('keep' in rule === keep ? [column] : []));

/** Masked so that no value can be somebody else's original by chance, as a date or a city can. */
const unmistakable = (table: string) =>
  Object.entries(policy.tables[table]!).flatMap(([column, rule]) =>
    'mask' in rule && !['date', 'number', 'city', 'country', 'postcode'].includes(String(rule.mask)) ? [column] : [],
  );

/** A request by a token of one scope. */
async function ask(scope: string, path: string, body: unknown): Promise<{ status: number; body: Schemas['Problem'] }> {
  const name = `only ${scope} ${Math.random()}`;
  const { secret } = await service.call<{ secret: string }>('POST', '/v1/tokens', { name, scopes: [scope] });
  const headers = { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Schemas['Problem'] };
}

describe('a suggestion for the example shop', () => {
  let suggestion: Suggestion;
  before(async () => {
    suggestion = await service.call<Suggestion>('POST', `${base}/blank/policy/suggestion`);
  });

  test('decides about every column, or says that it cannot', () => {
    const decided = [...suggestion.proposals, ...suggestion.unclassified].map(
      ({ table, column }) => `${table}.${column}`,
    );
    const all = Object.entries(policy.tables).flatMap(([table, rules]) =>
      Object.keys(rules).map((column) => `${table}.${column}`),
    );
    assert.deepEqual(decided.sort(), all.sort());
    for (const { rows, note } of suggestion.tables) assert.ok(rows > 0 && note === undefined);
  });

  test('masks what the shop’s own policy masks by a kind of its own', () => {
    const ruleAt = (table: string, column: string) =>
      suggestion.proposals.find((one) => one.table === table && one.column === column)?.rule;
    const told = [
      'email',
      'phone',
      'uuid',
      'iban',
      'card',
      'ip',
      'url',
      'full_name',
      'first_name',
      'last_name',
      'username',
    ];
    for (const [table, rules] of Object.entries(policy.tables)) {
      for (const [column, rule] of Object.entries(rules as Record<string, { mask?: string }>)) {
        const proposed = ruleAt(table, column);
        if (rule.mask && proposed) assert.ok(!('keep' in proposed), `${table}.${column} would be kept`);
        if (rule.mask && told.includes(rule.mask)) assert.equal(proposed?.mask, rule.mask, `${table}.${column}`);
      }
    }
  });

  test('says no value of any table, in the answer or in the log', async () => {
    const names = JSON.stringify(Object.entries(policy.tables));
    for (const table of tables) {
      if (table === 'shop.seaql_migrations') continue;
      const values = await valuesOf(table);
      assertSaysNone(
        JSON.stringify(suggestion) + service.output(),
        new Set([...values].filter((value) => !names.includes(value))),
      );
    }
  });

  test('completed by a person it is accepted, captures, and leaves nothing to propose', async () => {
    const completed = structuredClone(suggestion.policy) as unknown as {
      tables: Record<string, Record<string, object>>;
    };
    for (const { table, column } of suggestion.unclassified) {
      completed.tables[table]![column] = { keep: 'a person looked at it' };
    }
    await service.call('PUT', `${base}/blank/policy`, completed);
    await service.follow(await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'blank' }));
    const again = await service.call<Suggestion>('POST', `${base}/blank/policy/suggestion`);
    assert.deepEqual([again.proposals, again.unclassified], [[], []]);
  });

  test('with a policy, a kept column of addresses is pointed out', async () => {
    const careless = structuredClone(policy) as unknown as { tables: Record<string, Record<string, object>> };
    careless.tables['shop.audit_log']!.actor = { keep: 'who did it' };
    delete careless.tables['shop.staff']!.phone;
    const { proposals } = await service.call<Suggestion>('POST', `${base}/blank/policy/suggestion`, {
      policy: careless,
    });
    assert.deepEqual(
      proposals.map(({ table, column, rule, replaces }) => ({ table, column, rule, replaces })),
      [
        { table: 'shop.audit_log', column: 'actor', rule: { mask: 'email' }, replaces: { keep: 'who did it' } },
        { table: 'shop.staff', column: 'phone', rule: { mask: 'phone' }, replaces: undefined },
      ],
    );
  });
});

describe('a preview', () => {
  const preview = (body: object) => service.call<Preview>('POST', `${base}/production/policy/preview`, body);

  test('shows masked rows, kept columns as a snapshot has them, and which values changed', async () => {
    for (const table of tables) {
      const { columns, rows, treatment } = await preview({ table, rows: 50 });
      assert.equal(treatment, 'masked');
      assert.ok(rows.length > 0 && rows.length <= 50);
      const originals = await valuesOf(table, unmistakable(table));
      if (originals.size > 0) assertSaysNone(JSON.stringify(rows), originals);
      for (const { name, technique, reason, values, changed } of columns) {
        const isKept = keptBy(table, true).includes(name);
        assert.equal(technique === 'keep', isKept);
        assert.equal(reason !== undefined, isKept);
        if (isKept) assert.equal(changed, 0);
        else assert.ok(values === 0 || changed > 0, `${table}.${name}`);
      }
    }
    const kept = await preview({ table: 'shop.orders', rows: 1 });
    const id = kept.rows[0]![kept.columns.findIndex(({ name }) => name === 'id')];
    const { rows } = await reader.query('SELECT status::text FROM shop.orders WHERE id = $1', [id]);
    assert.equal(kept.rows[0]![kept.columns.findIndex(({ name }) => name === 'status')], rows[0].status);
    assert.equal(service.output().includes('qxkanarivz'), false);
  });

  test('is the same each time, and under another key another', async () => {
    const first = await preview({ table: 'shop.customers', rows: 5 });
    assert.deepEqual(await preview({ table: 'shop.customers', rows: 5 }), first);
    await service.call('POST', base, { name: 'other', url: production.url, policy });
    const other = await service.call<Preview>('POST', `${base}/other/policy/preview`, {
      table: 'shop.customers',
      rows: 5,
    });
    const at = first.columns.findIndex(({ name }) => name === 'email');
    assert.notDeepEqual(
      other.rows.map((row) => row[at]),
      first.rows.map((row) => row[at]),
    );
  });

  test('fails closed as a capture does at that table, and does not mind the others', async () => {
    const path = `${base}/production/policy/preview`;
    const { 'shop.customers': customers, ...others } = policy.tables;
    const { email: _, ...rest } = customers as Record<string, object>;
    const lacking = { tables: { ...others, 'shop.customers': rest } };
    const refused = await ask('admin', path, { table: 'shop.customers', policy: lacking });
    assert.equal(refused.body.code, 'policy-incomplete');
    assert.deepEqual(
      refused.body.errors?.map(({ where }) => where),
      ['shop.customers.email'],
    );
    assert.equal((await ask('admin', path, { table: 'shop.orders', policy: lacking })).status, 200);
    const wrong = { tables: { 'shop.staff': { ...policy.tables['shop.staff'], hourly_wage: { mask: 'email' } } } };
    const misfit = await ask('admin', path, { table: 'shop.staff', policy: wrong });
    assert.equal(misfit.body.code, 'policy-invalid');
    assert.deepEqual(
      misfit.body.errors?.map(({ where }) => where),
      ['shop.staff.hourly_wage'],
    );
  });

  test('refuses what has changed since the policy was set, as a capture does, whatever rule would classify it', async () => {
    const path = `${base}/broad/policy/preview`;
    const broad = { ...policy, names: [{ match: 'nick', rule: { keep: 'public' } }] };
    await service.call('POST', base, { name: 'broad', url: production.url, policy: broad });
    const alter = (sql: string) =>
      exec({ docker }, production.name, { command: ['psql', '-XqU', 'postgres', '-d', 'shop', '-c', sql] });
    await alter(`ALTER TABLE shop.staff ADD nick text DEFAULT 'qxkanarivz'`);
    try {
      const refused = await ask('data', path, { table: 'shop.staff' });
      assert.equal(refused.body.code, 'schema-changed');
      assert.deepEqual(
        refused.body.errors?.map(({ where, what }) => [where, what]),
        [['shop.staff.nick', 'new, text']],
      );
      assert.equal((await ask('data', path, { table: 'shop.orders' })).status, 200);
      // Who may set it may see what it would show.
      assert.equal((await ask('admin', path, { table: 'shop.staff', policy: broad })).status, 200);
    } finally {
      await alter('ALTER TABLE shop.staff DROP nick');
    }
  });

  test('a policy of one’s own, which could keep anything, is for who may set policies', async () => {
    const path = `${base}/production/policy/preview`;
    assert.equal((await ask('data', path, { table: 'shop.staff' })).status, 200);
    const refused = await ask('data', path, { table: 'shop.staff', policy });
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
  });

  test('of nothing that is there, of too much, or without a policy is refused', async () => {
    const path = `${base}/production/policy/preview`;
    for (const table of ['shop.nothing', 'shop.city_revenue']) {
      const { body } = await ask('data', path, { table });
      assert.deepEqual([body.code, body.where], ['not-found', table]);
    }
    assert.equal((await ask('data', path, { table: 'shop.staff', rows: 51 })).status, 400);
    await service.call('POST', base, { name: 'bare', url: production.url });
    assert.equal((await ask('data', `${base}/bare/policy/preview`, { table: 'shop.staff' })).body.code, 'conflict');
  });
});

test('a source that cannot be reached is the same problem as elsewhere', async () => {
  await service.call('POST', base, { name: 'away', url: 'postgres://reader:s3cret@127.0.0.1:1/shop', policy });
  for (const [path, body] of [
    ['suggestion', {}],
    ['preview', { table: 'shop.staff' }],
  ] as const) {
    const answer = await ask('data', `${base}/away/policy/${path}`, body);
    assert.deepEqual([answer.status, answer.body.code, answer.body.where], [502, 'source-unreachable', '127.0.0.1:1']);
  }
});
