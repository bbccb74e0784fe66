import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Operation } from '../examples/demo/client.ts';
import { label } from '../services/engine/labels.ts';
import type { Finding } from '../services/rehearsals/findings/findings.ts';
import type { RehearsalReport } from '../services/rehearsals/report.ts';
import { findBrowser, openBrowser } from './support/browser.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { capture, composeFile, createShop, type Production, startProduction } from './support/shop.ts';

interface Rehearsal {
  id: string;
  state: string;
  report: RehearsalReport;
}

let service: TestService;
let production: Production;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  await createShop(service);
  // A busy machine may hold a lock for longer than a second.
  const bundle = { files: { 'compose.yaml': composeFile } };
  await service.call('PUT', '/v1/projects/shop', { bundle, readiness: { maxLockMs: 600_000 } });
  await capture(service, production);
});
after(async () => {
  await production.remove();
  await service.remove();
});

const start = (version: string, more: object = {}, wish: object = {}) => {
  const image = `shop-backend:${version}`;
  const services = { backend: { image }, migrator: { image, ...more } };
  return service.call<Operation>('POST', '/v1/migration-runs', {
    kind: 'rehearsal',
    project: 'shop',
    release: { version, services },
    ...wish,
  });
};
const read = (id: string) => service.call<Rehearsal>('GET', `/v1/migration-runs/${id}`);
const rehearse = async (version: string, more: object = {}, wish: object = {}) => {
  const operation = await start(version, more, wish);
  await service.follow(operation);
  await nothingIsLeft();
  return read(operation.subject);
};
/** Sessions that production's database has ever had. */
async function sessions(): Promise<number> {
  const client = new pg.Client({ connectionString: production.url.replace(/shop$/, 'postgres') });
  await client.connect();
  const { rows } = await client.query(`SELECT sessions::int FROM pg_stat_database WHERE datname = 'shop'`);
  await client.end();
  return rows[0].sessions;
}
async function nothingIsLeft() {
  const filters = { label: [`${label.installation}=${service.installation}`, `${label.kind}=stack`] };
  assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
  assert.deepEqual((await docker.listVolumes({ filters: filters as never })).Volumes, []);
  assert.deepEqual(await docker.listNetworks({ filters }), []);
}

test('a harmless release passes: what it did, locked and changed is told, and it can be undone', async () => {
  const { state, report } = await rehearse('v1');
  assert.equal(state, 'passed', JSON.stringify(report));
  assert.deepEqual(report.reasons, []);
  assert.equal(report.up.applied.length, 1);
  const [migration] = report.up.applied;
  assert.match(migration!, /locale/);
  assert.notEqual(report.up.fingerprint.before, report.up.fingerprint.after);
  const alter = report.up.statements.find(({ sql }) => /alter table/i.test(sql) && /locale/.test(sql));
  assert.equal(alter?.migration, migration);
  assert.ok(alter!.durationMs > 0);
  const lock = report.up.locks.find(({ table }) => table === 'shop.customers');
  assert.equal(lock?.mode, 'AccessExclusiveLock');
  assert.equal(lock?.migration, migration);
  assert.deepEqual(report.up.rewrites, []);
  const [step] = report.migrations;
  assert.equal(report.migrations.length, 1);
  assert.equal(step!.reversible, 'yes');
  assert.ok(
    step!.changes.some(({ change, object }) => change === 'added' && object === 'column shop.customers.locale'),
  );
  assert.deepEqual(
    report.findings.filter(({ id }) => id !== 'work-under-lock'),
    [],
    'there is nothing to say against it',
  );
  assert.deepEqual(
    report.up.costs.map(({ migration: name, statements, rows }) => ({ name, statements, rows })),
    // With the connection's own SET search_path.
    [{ name: migration, statements: 2, rows: [] }],
  );
});

test('the table that is rewritten, and how long it stays locked, is named with its migration', async () => {
  const { state, report } = await rehearse('v2');
  assert.equal(state, 'passed', JSON.stringify(report.reasons));
  assert.equal(report.up.applied.length, 5);
  const rewrite = report.up.rewrites.find(({ table }) => table === 'shop.order_items');
  assert.match(rewrite!.migration!, /order_items/);
  assert.equal(rewrite!.reason, 'column type changed');
  assert.ok(rewrite!.sizeBytes > 0);
  assert.match(rewrite!.sql, /alter table/i);
  // One transaction: a lock of the second migration is held until the last one commits.
  const held = report.up.locks.find(
    ({ table, mode }) => table === 'shop.order_items' && mode === 'AccessExclusiveLock',
  )!;
  const afterwards = report.up.statements.filter(({ migration }) => migration && migration > rewrite!.migration!);
  const took = afterwards.reduce((sum, { durationMs }) => sum + durationMs, 0);
  assert.ok(held.heldMs >= Math.floor(took), `${held.heldMs} >= ${took}`);
  assert.ok(
    !report.up.locks.some(({ table, mode }) => table === 'shop.order_items' && mode === 'ShareLock'),
    'a rewrite’s ShareLock is no index',
  );
  assert.ok(report.up.locks.some(({ table, mode }) => table === 'shop.orders' && mode === 'ShareLock'));
  assert.equal(report.migrations.length, 5);
});

test('what is wrong with a release is told with the lock that was seen, and how it is done better', async () => {
  const { report } = await rehearse('v2');
  const brief = ({ severity, id, where }: Finding) => `${severity} ${id} ${where}`;
  // Whether a lock is held for long after its statement depends on the machine.
  const findings = report.findings.filter(({ id }) => id !== 'work-under-lock');
  assert.deepEqual(findings.map(brief).sort(), [
    // Order items before orders, customers before orders: in one transaction.
    'advice child-locked-first shop.orders',
    'advice several-alters shop.orders',
    'error drop-column shop.customers.notes',
    'warning column-type-changed shop.order_items.id',
    // Seen to be over within the budget, on this much data.
    'warning index-blocks-writes shop.orders',
    'warning not-null-scans-table shop.orders.currency',
    'warning parent-locked-first shop.orders',
    'warning table-rewritten shop.order_items',
  ]);
  for (const finding of report.findings) assert.ok(finding.migration && finding.sql && finding.why, brief(finding));
  const index = report.findings.find(({ id }) => id === 'index-blocks-writes')!;
  assert.equal(index.lock!.mode, 'ShareLock');
  assert.match(
    index.safer!.sql,
    /^CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_customer_placed_at_idx ON orders \(customer_id, placed_at DESC\);/,
  );
  const scan = report.up.scans.find(({ why }) => why === 'to verify its rows')!;
  assert.match(scan.sql, /SET NOT NULL/, 'of several statements in one text, the one that reads');
});

test('what others would wait for is measured among readers and writers, with a transaction left open', async () => {
  const { report } = await rehearse('v2');
  const { outcome, idleReaderMs, longestStallMs, tables } = report.impact!;
  assert.equal(outcome, 'completed');
  assert.deepEqual(
    tables.map(({ table }) => table).sort(),
    ['shop.customers', 'shop.order_items', 'shop.orders'],
    'those that it locks',
  );
  assert.ok(idleReaderMs >= 1000, 'the open transaction made the migrations wait');
  const customers = tables.find(({ table }) => table === 'shop.customers')!;
  assert.ok(customers.reads.longestMs >= idleReaderMs, 'and whoever reads after them');
  assert.ok(customers.writes!.longestMs >= idleReaderMs && customers.reads.blocked > 0);
  assert.ok(longestStallMs >= customers.reads.longestMs);
  for (const { reads, writes } of tables) assert.equal(reads.timedOut + writes!.timedOut, 0);
});

test('cancelled among readers and writers, it ends at once, leaves nothing, and greenroom lives', async () => {
  const { id } = await start('v2');
  const now = () => service.call<Operation>('GET', `/v1/operations/${id}`);
  await until(async () => /among readers and writers/.test((await now()).progress?.message ?? ''));
  await service.call('POST', `/v1/operations/${id}/cancel`);
  await until(async () => !['queued', 'running'].includes((await now()).state));
  assert.equal((await now()).state, 'cancelled');
  await nothingIsLeft();
  assert.equal(service.starts(), 1);
});

test('rows and values that `down` does not bring back are counted', async () => {
  const { report } = await rehearse('v2');
  const undone = Object.fromEntries(report.migrations.map(({ migration, reversible }) => [migration, reversible]));
  assert.deepEqual(undone, {
    m20250201_000008_customers_locale: 'yes',
    m20250301_000009_order_items_bigint_id: 'yes',
    m20250301_000010_orders_placed_at_index: 'yes',
    m20250301_000011_customer_notes: 'with-loss',
    m20250301_000012_orders_currency: 'with-loss',
  });
  const [notes, orders] = report.migrations.flatMap(({ loss = [] }) => loss);
  assert.equal(notes!.table, 'shop.customers');
  assert.deepEqual(
    notes!.columns!.map(({ column }) => column),
    ['notes'],
  );
  assert.ok(notes!.columns![0]!.valuesLost > 0);
  // The backfill's trigger touched every row; `down` does not know what it said before.
  assert.deepEqual(orders, { table: 'shop.orders', columns: [{ column: 'updated_at', valuesLost: 0 }] });
  const cost = report.up.costs.find(({ migration }) => /customer_notes/.test(migration))!;
  assert.ok(cost.rows.some(({ table, inserted }) => table === 'shop.customer_notes' && inserted > 0));
  assert.ok(cost.walBytes! > 0);
});

test('the report reads in a terminal, in a pull request and in a browser', async (t) => {
  const { id, report } = await rehearse('v2');
  const as = async (format: string) => {
    const answer = await fetch(`${service.url}/v1/migration-runs/${id}/report?format=${format}`, {
      headers: { authorization: `Bearer ${service.token}` },
    });
    assert.equal(answer.status, 200);
    return answer.text();
  };
  assert.deepEqual(JSON.parse(await as('json')), report);
  const text = await as('text');
  assert.match(text, /^PASSED {2}shop v2 on snap-/);
  assert.match(text, /shop\.order_items {2}AccessExclusiveLock \(blocks reads and writes\)/);
  assert.match(text, /values of notes are lost/);
  const markdown = await as('markdown');
  assert.match(markdown, /^### Migrations rehearsed: shop v2/);
  assert.match(markdown, /```sql\nCREATE INDEX CONCURRENTLY/);

  const path = await findBrowser();
  if (!path) return t.diagnostic('no browser is installed: the page was not looked at');
  const browser = await openBrowser(path);
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', ({ url }) => complaints.push(`asks for ${url()}`));
    await page.setContent(await as('html'));
    const bars = await page.locator('svg rect').evaluateAll((all) =>
      (
        all as unknown as {
          dataset: Record<string, string>;
          getBoundingClientRect(): { left: number; right: number };
        }[]
      ).map((bar) => {
        const { left, right } = bar.getBoundingClientRect();
        return { ...bar.dataset, left, right };
      }),
    );
    const rewritten = bars.find((bar) => 'table' in bar && bar.table === 'shop.order_items')!;
    const indexed = bars.find((bar) => 'mode' in bar && bar.mode === 'ShareLock')!;
    assert.ok(rewritten.left < indexed.left, 'what is taken earlier is further left');
    assert.ok(Math.abs(rewritten.right - indexed.right) < 1, 'one transaction lets go of all at once');
    assert.ok(
      bars.every(({ right }) => right <= 1200),
      'nothing is outside of the page',
    );
    assert.equal(await page.locator('article').count(), report.findings.length);
    assert.deepEqual(complaints, [], 'it needs nothing but itself');
    if (process.env.GREENROOM_SCREENSHOTS)
      await page.screenshot({ path: `${process.env.GREENROOM_SCREENSHOTS}/rehearsal.png`, fullPage: true });
  } finally {
    await browser.close();
  }
});

test('statements of the project’s own run among the migrations, as the application, and each is told how it fared', async () => {
  const bundle = { files: { 'compose.yaml': composeFile } };
  const define = (workload: { name: string; sql: string }[]) =>
    service.call('PUT', '/v1/projects/shop', { bundle, readiness: { maxLockMs: 600_000 }, rehearsal: { workload } });
  const one = { name: 'one', sql: 'SELECT 1' };
  for (const wrong of [[{ ...one, sql: 'DROP TABLE orders' }], [{ ...one, sql: 'SELECT 1; SELECT 2' }], [one, one]])
    await assert.rejects(define(wrong), /is not one SELECT|have the name/);
  await define([
    { name: 'customers', sql: 'SELECT count(*) FROM customers' },
    { name: 'touch', sql: 'UPDATE orders SET updated_at = now() WHERE id = (SELECT min(id) FROM orders)' },
    { name: 'notes', sql: 'SELECT notes FROM customers LIMIT 1' },
    { name: 'who', sql: "SELECT 1 / (current_user = 'shop')::int" },
    { name: 'wrong', sql: 'SELECT FROM nowhere' },
  ]);
  try {
    const { id, report } = await rehearse('v2');
    const { workload, longestStallMs } = report.impact!;
    const [customers, touch, notes, who, wrong] = workload;
    assert.deepEqual(wrong, { name: 'wrong', failsBefore: 'relation "nowhere" does not exist' });
    for (const { fared } of [customers!, touch!, who!]) {
      assert.ok(fared!.count > 0);
      assert.equal(fared!.failed, 0, fared!.firstError);
      assert.ok(longestStallMs >= fared!.longestMs);
    }
    assert.ok(customers!.fared!.longestMs >= report.impact!.idleReaderMs, 'it waited behind the migrations');
    assert.match(notes!.fared!.firstError!, /column "notes" does not exist/, 'the running release would see it');
    const text = await fetch(`${service.url}/v1/migration-runs/${id}/report?format=text`, {
      headers: { authorization: `Bearer ${service.token}` },
    });
    assert.match(await text.text(), /wrong fails before the migrations/);
  } finally {
    await define([]);
  }
});

test('the schema’s changes in SQL, rows of single statements, growth and the order of locks are in the report', async () => {
  const { report } = await rehearse('v2');
  const { up, migrations } = report;
  assert.match(up.diff, /^ALTER TABLE shop\.customers DROP COLUMN notes;$/m);
  assert.match(up.diff, /^ALTER TABLE shop\.customers ADD COLUMN locale /m);
  assert.equal(migrations.find(({ migration }) => /bigint_id/.test(migration!))!.diff.match(/TYPE bigint/g)!.length, 1);
  const filled = up.statements.filter(({ sql, rows }) => /(insert into|update) /i.test(sql) && rows !== undefined);
  const changed = up.costs.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.inserted + row.updated, 0);
  assert.ok(changed > 0 && filled.length > 0);
  for (const { rows, walBytes } of filled) assert.ok(rows! <= changed && walBytes! > 0);
  const growth = up.costs.flatMap(({ growth = [] }) => growth);
  assert.ok(growth.some(({ table, bytes }) => table === 'shop.customer_notes' && bytes > 0));
  const [order] = up.lockOrder;
  assert.deepEqual(
    [...new Set(order!.locks.map(({ table }) => table))],
    ['shop.customers', 'shop.order_items', 'shop.orders'],
    'in the order of the migrations',
  );
});

test('an image without pg_stat_statements, and a command that preloads another library, are rehearsed all the same', async () => {
  const name = 'greenroom-test-postgres:bare';
  const made = await docker.createContainer({
    ...{ Image: 'postgres:17', Entrypoint: ['sh', '-c', 'rm /usr/lib/postgresql/*/lib/pg_stat_statements.so'] },
    Labels: { 'greenroom.test': '1' },
  });
  try {
    await made.start();
    await made.wait();
    const { Config: config } = await docker.getImage('postgres:17').inspect();
    const changes = [`ENTRYPOINT ${JSON.stringify(config.Entrypoint)}`, `CMD ${JSON.stringify(config.Cmd)}`];
    await made.commit({ repo: name.split(':')[0], tag: 'bare', changes: changes.join('\n') });
    const cases = [
      [name, false],
      ['postgres:17\n    command: [postgres, -c, shared_preload_libraries=auto_explain]', true],
    ] as const;
    for (const [image, counted] of cases) {
      const compose = composeFile.replace(/image: postgres:.*/, `image: ${image}`);
      await service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': compose } } });
      const { state, report } = await rehearse('v2');
      assert.equal(state, 'passed', report.reasons?.join());
      assert.equal(
        report.up.statements.some(({ rows }) => rows !== undefined),
        counted,
        image,
      );
    }
  } finally {
    await service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': composeFile } } });
    await made.remove({ force: true, v: true });
    await docker.getImage(name).remove({ force: true });
  }
});

test('what passes one migration at a time and fails in `up` has failed', async () => {
  const { state, report } = await rehearse('v2-enum');
  assert.equal(state, 'failed');
  assert.equal(report.up.outcome, 'failed');
  assert.match(report.reasons[0]!, /unsafe use of new value.*passes by itself/s);
  assert.match(
    report.reasons[0]!,
    /ALTER TYPE … ADD VALUE has added cannot be used yet\. Instead: add the value in one/,
  );
  assert.deepEqual(report.up.applied, [], 'all of it was rolled back');
  assert.equal(report.up.fingerprint.before, report.up.fingerprint.after);
  assert.deepEqual([...new Set(report.migrations.map(({ outcome }) => outcome))], ['completed']);
  const finding = report.findings.find(({ id }) => id === 'enum-value-used-at-once');
  assert.equal(finding?.migration, 'm20250301_000014_mark_returned_orders', 'booked by nobody, known from one by one');
  const lost = report.migrations.find(({ migration }) => /customer_notes/.test(migration!));
  assert.equal(lost?.reversible, 'with-loss');
});

test('a migrator that is pointed elsewhere fails, and so does one that exits 0 without having connected', async () => {
  const before = await sessions();
  const elsewhere = await rehearse('v1', { variables: { DATABASE_URL: production.url } }, { timeoutSeconds: 3 });
  assert.equal(await sessions(), before, 'the elsewhere saw no connection');
  assert.equal(elsewhere.state, 'failed');
  assert.equal(elsewhere.report.up.connected, false);
  assert.match(elsewhere.report.reasons.join(), /never connected to the clone/);

  const bundle = { files: { 'compose.yaml': composeFile.replace('command: [migrationctl]', "command: ['true']") } };
  await service.call('PUT', '/v1/projects/shop', { bundle });
  const idle = await rehearse('v1');
  assert.equal(idle.state, 'failed');
  assert.match(idle.report.reasons[0]!, /exited 0 but never connected/);

  const hanging = {
    files: { 'compose.yaml': composeFile.replace('command: [migrationctl]', 'command: [sh, -c, sleep 60]') },
  };
  await service.call('PUT', '/v1/projects/shop', { bundle: hanging });
  const hung = await rehearse('v1', {}, { timeoutSeconds: 1 });
  assert.equal(hung.state, 'failed');
  assert.equal(hung.report.up.outcome, 'hangs');
  await service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': composeFile } } });
});

test('how a migrator ended is told apart: panic, usage, memory, input', async () => {
  const cases = [
    ['panicked', 'exit 101', {}],
    ['usage', 'exit 2', {}],
    ['failed', 'echo the reason; exit 1', {}],
    ['out-of-memory', 'exec tail /dev/zero', {}],
    ['waits-for-input', 'echo Are you sure?; read answer', { timeoutSeconds: 3 }],
  ] as const;
  for (const [outcome, script, wish] of cases) {
    const compose = composeFile
      .replace('command: [migrationctl]', `command: [sh, -c, '${script}', sh]`)
      .replace('ROLE: migrator', 'ROLE: migrator\n    mem_limit: 64m');
    await service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': compose } } });
    const { state, report } = await rehearse('v1', {}, wish);
    assert.equal(state, 'failed');
    assert.equal(report.up.outcome, outcome, JSON.stringify(report.up));
    if (outcome === 'failed') assert.match(report.reasons[0]!, /the reason/);
  }
  await service.call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': composeFile } } });
});

test('kill -9 in the middle: the next process rehearses to the end and leaves nothing', async () => {
  for (const step of ['up', 'one by one']) {
    const operation = await start('v1');
    const now = () => service.call<Operation>('GET', `/v1/operations/${operation.id}`);
    await until(async () => (await now()).steps.some(({ name }) => name === step));
    await service.kill('SIGKILL');
    await service.start();
    await until(async () => !['queued', 'running'].includes((await now()).state));
    assert.equal((await now()).state, 'succeeded');
    assert.equal((await read(operation.subject)).state, 'passed');
    await nothingIsLeft();
  }
});
