import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ifPresent } from '../../services/engine/host.ts';
import type { RehearsalReport } from '../../services/rehearsals/report.ts';
import { docker, startService, type TestService } from '../support/service.ts';
import { capture, createShop, type Production, rehearseRelease, startProduction } from '../support/shop.ts';

const built = await ifPresent(docker.getImage('greenroom-test-migrator:seaorm-2').inspect());
const skip = built ? false : 'its migrator is not built: that needs Rust 1.94';

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
  await capture(service, production);
});
after(async () => {
  await production.remove();
  await service.remove();
});

function rehearse(kind: string, version = 'seaorm-1', variables: Record<string, string> = {}) {
  const migrator = { image: `greenroom-test-migrator:${version}`, variables: { KIND: kind, ...variables } };
  return rehearseRelease(service, { version: kind, services: { migrator } });
}

const superuser = {
  DATABASE_URL: 'postgres://postgres:postgres-dev@postgres:5432/shop?options=-c%20search_path%3Dshop',
};

/** A migration of each kind passes or fails as it would in production, and the report says what it did. */
const kinds: Record<
  string,
  { variables?: Record<string, string>; holds(state: string, report: RehearsalReport): void }
> = {
  'several-in-one-text': {
    holds(state, { up, migrations }) {
      assert.equal(state, 'passed');
      assert.match(up.locks.find(({ mode }) => mode === 'AccessExclusiveLock')!.sql, /^ALTER TABLE orders ADD COLUMN/);
      assert.match(up.scans.find(({ why }) => why === 'to build an index')!.sql, /^CREATE INDEX/);
      assert.equal(migrations[0]!.reversible, 'yes');
    },
  },
  seed: {
    holds(state, { up, findings }) {
      assert.equal(state, 'passed');
      assert.deepEqual(up.costs[0]!.rows, [{ table: 'shop.country', inserted: 2, updated: 0, deleted: 0 }]);
      assert.equal(up.statements.find(({ sql }) => /INSERT INTO country/.test(sql))!.rows, 2);
      assert.ok(!JSON.stringify(up).includes('Geheimland'), 'values of rows are not in the report');
      assert.ok(!JSON.stringify(findings).includes('Geheimland'));
    },
  },
  'enum-value': {
    holds(state, { migrations, findings }) {
      assert.equal(state, 'passed');
      assert.equal(migrations[0]!.reversible, 'not-implemented');
      assert.deepEqual(
        findings.map(({ id }) => id),
        ['enum-value-without-place'],
      );
    },
  },
  concurrently: {
    holds(state, { findings, reasons }) {
      assert.equal(state, 'failed');
      assert.match(reasons[0]!, /cannot run inside a transaction block/);
      assert.match(
        reasons[0]!,
        /SeaORM 1\.x runs the whole `up` in one, SeaORM 2 .*, in which CREATE INDEX CONCURRENTLY cannot work\. Instead: .*by hand/,
      );
      const found = findings.find(({ id }) => id === 'concurrently-in-transaction')!;
      assert.equal(found.where, 'shop.orders');
      assert.match(found.safer!.seaorm!, /use_transaction/);
    },
  },
  'reindex-concurrently': {
    holds(state, { reasons }) {
      assert.equal(state, 'failed');
      assert.match(reasons[0]!, /in which REINDEX CONCURRENTLY cannot work\. Instead: /);
    },
  },
  'do-block': {
    holds(state, { up, findings, migrations }) {
      assert.equal(state, 'passed');
      assert.deepEqual(
        up.rewrites.map(({ table }) => table),
        ['shop.order_items'],
      );
      assert.ok(up.costs[0]!.rows.some(({ table, updated }) => table === 'shop.orders' && updated > 0));
      assert.ok(findings.some(({ id }) => id === 'table-rewritten'));
      assert.ok(up.statements.find(({ sql }) => sql.startsWith('DO'))!.walBytes! > 0);
      assert.equal(migrations[0]!.reversible, 'with-loss', 'the times of the orders are others now');
    },
  },
  'function-and-trigger': {
    holds(state, { up, migrations }) {
      assert.equal(state, 'passed');
      assert.equal(up.locks.find(({ table }) => table === 'shop.customers')?.mode, 'ShareRowExclusiveLock');
      assert.equal(migrations[0]!.reversible, 'yes');
    },
  },
  extension: {
    holds(state, { migrations }) {
      assert.equal(state, 'passed');
      assert.equal(migrations[0]!.reversible, 'yes');
    },
  },
  role: {
    holds(state, { reasons }) {
      assert.equal(state, 'failed', 'the owner of the database may not make roles');
      assert.match(reasons[0]!, /permission denied to create role/);
    },
  },
  'temporary-table': {
    holds(state, { up }) {
      assert.equal(state, 'passed');
      assert.ok(!JSON.stringify(up.locks).includes('paid"'), 'a temporary table is nobody else’s');
      assert.ok(up.costs[0]!.rows.some(({ table, updated }) => table === 'shop.orders' && updated > 0));
    },
  },
  partitions: {
    holds(state, { up, migrations }) {
      assert.equal(state, 'passed');
      assert.deepEqual(
        up.locks.filter(({ blocks }) => blocks !== 'nothing ordinary'),
        [],
      );
      assert.equal(migrations[0]!.reversible, 'yes');
    },
  },
  forgery: {
    holds(state, { up }) {
      assert.equal(state, 'passed', 'what only looks like an observation is none');
      assert.deepEqual(
        up.locks.map(({ table, mode }) => `${table} ${mode}`),
        ['shop.orders AccessExclusiveLock'],
      );
      assert.deepEqual(up.rewrites, []);
    },
  },
  deep: {
    holds(state, { up }) {
      assert.equal(state, 'passed', 'an expression may be deeper than a stack');
      assert.equal(up.applied.length, 1);
    },
  },
  'another-database': {
    variables: {
      DATABASE_URL: 'postgres://postgres:postgres-dev@postgres:5432/shop',
      DATABASE_SCHEMA: 'shop',
    },
    holds(state, { up, findings, migrations, reasons }) {
      assert.equal(state, 'passed', reasons.join());
      const elsewhere = up.statements.filter(({ database }) => database !== undefined);
      assert.deepEqual(
        elsewhere.map(({ database, sql }) => `${database}: ${sql.split(';')[0]}`),
        [
          'postgres: CREATE DATABASE ledger',
          'ledger: CREATE SCHEMA shop',
          'ledger: BEGIN',
          'ledger: CREATE INDEX ON shop.orders (placed_at)',
        ],
      );
      const [migration] = up.applied;
      assert.deepEqual([...new Set(elsewhere.map((one) => one.migration))], [migration]);
      assert.deepEqual(
        up.costs.map((cost) => cost.migration),
        [migration],
        'the books of another database are another migrator’s',
      );
      assert.deepEqual(
        up.locks.map(({ table, mode }) => `${table} ${mode}`),
        ['shop.customers AccessExclusiveLock'],
        'shop.orders of this database was left alone',
      );
      assert.deepEqual([up.scans, up.rewrites], [[], []]);
      assert.ok(!findings.some(({ where, database }) => database === undefined && /orders/.test(where)));
      assert.ok(!findings.some(({ id }) => id === 'drop-column' || id === 'index-blocks-writes'));
      assert.deepEqual(
        findings.find(({ id }) => id === 'transaction-control')?.database,
        'ledger',
        'what can be told by the text alone says where',
      );
      assert.equal(migrations[0]!.reversible, 'yes');
    },
  },
  'event-trigger': {
    variables: superuser,
    holds(state, { up, migrations, reasons }) {
      assert.equal(state, 'passed', reasons.join());
      assert.equal(up.locks.find(({ table }) => table === 'shop.orders')?.mode, 'AccessExclusiveLock');
      assert.equal(migrations[0]!.reversible, 'yes');
    },
  },
};

for (const [kind, { variables, holds }] of Object.entries(kinds)) {
  test(`a migration that is ${kind}`, async () => {
    const { state, report } = await rehearse(kind, 'seaorm-1', variables);
    assert.ok(report, `it is ${state}`);
    holds(state, report);
  });
}

test('SeaORM 1.1: when the second migration fails, the first is gone too', async () => {
  const { state, report } = await rehearse('second-fails');
  assert.equal(state, 'failed');
  assert.deepEqual(report.up.applied, []);
  assert.equal(report.up.fingerprint.before, report.up.fingerprint.after);
});

test('SeaORM 2: a transaction each, so the first stays when the second fails, and its lock is let go before', {
  skip,
}, async () => {
  const { state, report } = await rehearse('second-fails', 'seaorm-2');
  assert.equal(state, 'failed');
  assert.deepEqual(report.up.applied, ['m20260101_000001_first']);
  assert.notEqual(report.up.fingerprint.before, report.up.fingerprint.after);
  assert.match(report.reasons[0]!, /already exists/);
});

test('SeaORM 2: an index is built concurrently, outside of a transaction', { skip }, async () => {
  const { state, report } = await rehearse('outside-of-transaction', 'seaorm-2');
  assert.equal(state, 'passed', report.reasons.join());
  assert.equal(report.up.locks.find(({ table }) => table === 'shop.orders')?.mode, 'ShareUpdateExclusiveLock');
  assert.deepEqual(
    report.findings.map(({ id }) => id),
    ['concurrently-not-repeatable'],
  );
});
