import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../examples/demo/client.ts';
import type { Problem } from '../openapi/aliases.ts';
import type { components } from '../openapi/types.ts';
import { exec } from '../services/engine/exec.ts';
import { label } from '../services/engine/labels.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { docker, startService, type TestService } from './support/service.ts';

type Schemas = components['schemas'];

const compose = `
x-greenroom: { database: { service: postgres, name: shop, schema: shop } }
services: { postgres: { image: "postgres:17" } }
`;
const project = { bundle: { files: { 'compose.yaml': compose } } };
const schema = `
CREATE ROLE reader LOGIN PASSWORD 'r3ad3r' IN ROLE pg_read_all_data;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('calm', 'cross');
CREATE TABLE shop.customers (id bigint PRIMARY KEY, full_name text, email text UNIQUE, last_ip inet, mood shop.mood, note text);
INSERT INTO shop.customers SELECT n, 'Anna Original ' || n, 'anna' || n || '@original.example', '192.0.2.0'::inet + n, 'calm', 'likes original tea ' || repeat('and coffee ', 20) || n
FROM generate_series(1, 50) n;
CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_email varchar(30));
INSERT INTO shop.orders SELECT n, 'anna' || (n % 50 + 1) || '@original.example' FROM generate_series(1, 100) n;
CREATE TYPE shop.size AS (width integer, height integer);
CREATE TABLE shop.tags (id bigint, label shop.size);
CREATE TABLE shop.visits (at date NOT NULL, ip inet) PARTITION BY RANGE (at);
CREATE TABLE shop.visits_2026 PARTITION OF shop.visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
`;
const yaml = `# How the shop is masked.
tables:
  shop.customers:
    id: { keep: surrogate key, owner: dana@shop.example, until: 2999-12-31 }
    full_name: { mask: full_name }
  shop.visits:
    at: { mask: date }
names:
  - { match: ".*e-?mail", type: text, rule: { mask: email } }
types:
  bigint: { keep: surrogate keys say nothing about anybody }
  text: { mask: text }
  inet: { mask: ip }
  shop.mood: { keep: two words }
  shop.size: { keep: of paper }
links:
  - { from: shop.orders.customer_email, to: shop.customers.email }
`;
const policyPath = '/v1/projects/shop/sources/production/policy';

let service: TestService;
let production: TestPostgres;
before(async () => {
  [service, production] = await Promise.all([startService(), startPostgres()]);
  await production.createDatabase('shop', schema);
  await service.call('POST', '/v1/projects', { name: 'shop', ...project, maskingLocale: 'de' });
  await createSource('production');
});
after(async () => {
  await production?.remove();
  await service?.remove();
});

const url = () => production.url('shop', { user: 'reader', password: 'r3ad3r' });
const createSource = (name: string, more: object = {}) =>
  service.call('POST', '/v1/projects/shop/sources', { name, url: url(), ...more });
const check = (source = 'production') =>
  service.call<Schemas['PolicyCheck']>('GET', `/v1/projects/shop/sources/${source}/policy/check`);
const said = (findings: { where: string; what: string }[]) => findings.map(({ where, what }) => `${where}: ${what}`);

async function send(path: string, body: string, type = 'application/yaml', method = 'PUT', token = service.token) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': type };
  const answer = await fetch(service.url + path, { method, headers, ...(method === 'GET' ? {} : { body }) });
  return { status: answer.status, body: (await answer.json()) as unknown };
}

async function capture(): Promise<string> {
  const wish = { project: 'shop', source: 'production' };
  return (await service.follow(await service.call<Operation>('POST', '/v1/snapshots', wish))).subject;
}
const reportOf = (id: string) => service.call<CaptureReport>('GET', `/v1/snapshots/${id}/report`);

/** Rows of a query in a snapshot, each as one text. */
async function inSnapshot(id: string, sql: string): Promise<string[]> {
  const filters = { label: [`${label.snapshot}=${id}`] };
  const { Volumes: volumes } = await docker.listVolumes({ filters: filters as never });
  const server = await startPostgres({ volume: volumes[0]!.Name });
  try {
    return (await server.run(['psql', '-XAtq', '-U', 'postgres', '-d', 'shop', '-c', sql])).trim().split('\n');
  } finally {
    await server.remove();
  }
}
const personal = `SELECT full_name FROM shop.customers UNION ALL SELECT email FROM shop.customers
  UNION ALL SELECT host(last_ip) FROM shop.customers UNION ALL SELECT note FROM shop.customers`;

async function change(sql: string): Promise<void> {
  await production.run(['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-c', sql]);
}

/** Masked values of the first snapshot, for comparison. */
let first: string[];

test('a policy as YAML: mistakes are named with their lines; what is right is set, and answered as JSON', async () => {
  const wrong = await send(
    policyPath,
    yaml.replace('mask: full_name', 'mask: ful_name').replace('until: 2999', 'until: 29'),
  );
  assert.equal(wrong.status, 422);
  assert.deepEqual(
    (wrong.body as Problem).errors!.map(({ where, what }) => [where, /\(line \d+\)$/.exec(what)![0]]),
    [
      ['shop.customers.id', '(line 4)'],
      ['shop.customers.full_name', '(line 5)'],
    ],
  );
  assert.equal((await send(policyPath, yaml, 'text/plain')).status, 415);
  assert.equal((await send(policyPath, '', 'application/json', 'GET')).status, 409, 'nothing is set yet');
  const set = await send(policyPath, yaml);
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const { policy, check: checked } = set.body as Schemas['SetPolicy'];
  assert.equal(policy.locale, undefined);
  assert.deepEqual(await service.call('GET', policyPath), policy);
  const { schemaKnownAt: _, ...later } = await check();
  assert.deepEqual(checked, later, 'what it comes to is answered at once');
  const served = await service.call<{ $defs: object }>('GET', '/v1/masking/policy-schema');
  assert.ok('column' in served.$defs);
});

test('a check says which rule classifies each column, without capturing', async () => {
  const { complete, changes, mistakes, unclassified, warnings, columns } = await check();
  assert.deepEqual([complete, changes, mistakes, unclassified], [true, [], [], []]);
  assert.deepEqual(
    warnings.map(({ what }) => what),
    ['is read without TLS: rows pass the network unmasked, for anybody on the way to read'],
  );
  const rules = Object.fromEntries(columns.map(({ where, technique, rule }) => [where, `${technique} by ${rule}`]));
  assert.equal(rules['shop.customers.full_name'], 'full_name by column');
  assert.equal(rules['shop.customers.email'], 'email by names[0]');
  assert.equal(rules['shop.customers.mood'], 'keep by types.shop.mood');
  assert.equal(rules['shop.visits_2026.ip'], 'ip by types.inet');
});

test('a check does not wait for a table that somebody has locked', async () => {
  const other = await production.connect('shop');
  try {
    await other.query('BEGIN; LOCK TABLE shop.customers IN ACCESS EXCLUSIVE MODE');
    assert.equal((await check()).complete, true);
  } finally {
    await other.end();
  }
});

test('masked words are of the project’s locale, or of the policy’s own; one that faker does not have is refused', async () => {
  const names = async (policy?: object) => {
    const wish = { table: 'shop.customers', ...(policy ? { policy } : {}) };
    const { rows } = await service.call<Schemas['PolicyPreview']>('POST', `${policyPath}/preview`, wish);
    return rows.map(([, name]) => name).join();
  };
  const german = await names();
  const own = (await service.call('GET', policyPath)) as object;
  assert.equal(await names(own), german);
  assert.equal(await names({ ...own, locale: 'de' }), german);
  assert.match(await names({ ...own, locale: 'ru' }), /[а-я]/);
  const put = (wish: object) => service.call<Schemas['Project']>('PUT', '/v1/projects/shop', { ...project, ...wish });
  await assert.rejects(put({ maskingLocale: 'xx' }), /There are no words of the locale xx/);
  assert.equal((await put({ maskingLocale: 'ru' })).maskingLocale, 'ru');
  assert.match(await names(), /[а-я]/);
  assert.equal(await names({ ...own, locale: 'de' }), german);
  assert.equal((await put({})).maskingLocale, undefined);
  assert.doesNotMatch(await names(), /[а-я]/);
  await put({ maskingLocale: 'de' });
  assert.equal(await names(), german);
  const { items } = await service.call<{ items: Schemas['Event'][] }>('GET', '/v1/events');
  assert.deepEqual(items.find(({ action }) => action === 'project.update')!.detail, { maskingLocale: 'de' });
});

test('copies that no foreign key ties still join; the report says which rule did what, in which words', async () => {
  const id = await capture();
  const report = await reportOf(id);
  const source = await service.call<Schemas['Source']>('GET', '/v1/projects/shop/sources/production');
  assert.equal(report.keyId, source.keyId);
  assert.match(report.dictionaryVersion, /\+de$/, 'the locale of the project');
  const { items: events } = await service.call<{ items: Schemas['Event'][] }>('GET', '/v1/events');
  const { detail } = events.find(({ action }) => action === 'policy.set')!;
  assert.equal(report.policyHash, (detail as { policyHash: string }).policyHash);
  const columns = report.tables.find(({ name }) => name === 'shop.customers')!.columns;
  assert.deepEqual(
    columns
      .slice(0, 3)
      .map(({ name, technique, rule, reason, owner, until }) => [
        ...[name, technique, rule],
        ...(reason === undefined ? [] : [reason, owner, until]),
      ]),
    [
      ['id', 'keep', 'column', 'surrogate key', 'dana@shop.example', '2999-12-31'],
      ['full_name', 'full_name', 'column'],
      ['email', 'email', 'names[0]'],
    ],
  );
  assert.deepEqual(
    await inSnapshot(
      id,
      'SELECT count(*) FROM shop.orders o JOIN shop.customers c ON c.email = o.customer_email AND c.id = o.id % 50 + 1',
    ),
    ['100'],
  );
  first = await inSnapshot(id, personal);
  assert.equal(first.length, 200);
  assert.ok(!first.some((value) => /original|192\.0\.2/i.test(value)));
});

test('a rotated key changes every masked value; it is recorded, and needs the scope data', async () => {
  const path = '/v1/projects/shop/sources/production/key';
  const token = async (scope: string) =>
    (await service.call<{ secret: string }>('POST', '/v1/tokens', { name: `only-${scope}`, scopes: [scope] })).secret;
  const before = await service.call<Schemas['Source']>('GET', '/v1/projects/shop/sources/production');
  assert.equal((await send(path, '', 'application/json', 'POST', await token('deploy'))).status, 403);
  const rotated = await send(path, '', 'application/json', 'POST', await token('data'));
  assert.equal(rotated.status, 200);
  const { keyId } = rotated.body as Schemas['Source'];
  assert.notEqual(keyId, before.keyId);
  const { items } = await service.call<{ items: Schemas['Event'][] }>('GET', '/v1/events?subject=shop%2Fproduction');
  const { action, actor, detail } = items.find((event) => event.action === 'key.rotate')!;
  assert.deepEqual(
    { action, actor, detail },
    { action: 'key.rotate', actor: 'only-data', detail: { from: before.keyId, to: keyId } },
  );

  const id = await capture();
  assert.equal((await reportOf(id)).keyId, keyId);
  const again = await inSnapshot(id, personal);
  assert.equal(again.length, first.length);
  assert.deepEqual(
    again.filter((value, index) => value === first[index]),
    [],
  );
});

test('what is new, renamed or of another type stops the capture, with a diff; partitions and what is gone do not', async () => {
  await change(`
    ALTER TABLE shop.customers ADD phone varchar(20), ADD backup_email text;
    ALTER TABLE shop.customers RENAME note TO remark;
    ALTER TABLE shop.customers DROP mood;
    ALTER TABLE shop.orders ALTER id TYPE integer;
    ALTER TABLE shop.tags RENAME TO labels;
    ALTER TYPE shop.size ADD ATTRIBUTE printed_by text;
    CREATE TABLE shop.leads (id bigint, email text);
    CREATE TABLE shop.visits_2027 PARTITION OF shop.visits FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');`);
  const diff = [
    'shop.customers.remark: renamed from note',
    'shop.customers.phone: new, character varying(20)',
    'shop.customers.backup_email: new, text',
    'shop.labels: renamed from shop.tags',
    'shop.leads: new table, with id bigint, email text',
    'shop.orders.id: was bigint, is integer',
    'shop.size.printed_by: new, text',
  ];
  const { complete, changes, columns } = await check();
  assert.equal(complete, false);
  assert.deepEqual(said(changes), diff);
  assert.ok(columns.some(({ where, rule }) => where === 'shop.customers.backup_email' && rule === 'names[0]'));

  const operation = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
  await assert.rejects(service.follow(operation));
  const { error } = await service.call<Operation>('GET', `/v1/operations/${operation.id}`);
  assert.equal(error!.code, 'schema-changed');
  assert.deepEqual(said(error!.errors!), diff);
  assert.match(error!.remedy!, /set the policy again/);
  const filters = { label: [`${label.snapshot}=${operation.subject}`] };
  assert.deepEqual((await docker.listVolumes({ filters: filters as never })).Volumes ?? [], []);
  assert.deepEqual(said((await check()).changes), diff, 'looking at it acknowledges nothing');
});

test('setting the policy again acknowledges what has changed; what is still unclassified stops the capture', async () => {
  assert.equal((await send(policyPath, yaml)).status, 200);
  const { items } = await service.call<{ items: Schemas['Event'][] }>('GET', '/v1/events?subject=shop%2Fproduction');
  const set = items.find(({ action }) => action === 'policy.set')!;
  assert.equal((set.detail!.acknowledged as unknown[]).length, 7);
  const { changes, unclassified, warnings } = await check();
  assert.deepEqual(changes, []);
  assert.deepEqual(
    unclassified.map(({ where }) => where),
    ['shop.customers.phone', 'shop.orders.id'],
  );
  assert.deepEqual(warnings.map(({ where }) => where).slice(1), ['types.shop.mood']);
  const types = 'types:\n  integer: { keep: surrogate keys }\n  character varying: { mask: token }';
  assert.equal((await send(policyPath, yaml.replace('types:', types))).status, 200);
  assert.equal((await check()).complete, true);
  const report = await reportOf(await capture());
  assert.equal(report.tables.find(({ name }) => name === 'shop.leads')!.columns[1]!.rule, 'names[0]');
});

test('a keep that has expired leaves its column unclassified, and its sequence', async () => {
  await change('CREATE SEQUENCE shop.numbers');
  const sequences = 'sequences:\n  shop.numbers: { keep: printed, owner: dana@shop.example, until: 2020-12-31 }\n';
  assert.equal((await send(policyPath, yaml.replace('2999-12-31', '2020-12-31') + sequences)).status, 200);
  const { complete, unclassified } = await check();
  assert.equal(complete, false);
  for (const where of ['shop.customers.id', 'shop.numbers'])
    assert.ok(said(unclassified).includes(`${where}: was to be kept until 2020-12-31`));
});

test('what does not fit the source is answered when it is set, sequences too; the capture then reads no row', async () => {
  const types = 'types:\n  integer: { keep: surrogate keys }\n  character varying: { mask: token }';
  const own = '  shop.leads:\n    email: { mask: randomise, values: own }\n    gone: { mask: text }\n';
  const wrong = `${yaml.replace('types:', types).replace('names:\n', `${own}names:\n`)}sequences:\n  shop.foo: { keep: printed }\n`;
  const { status, body } = await send(policyPath, wrong);
  assert.equal(status, 200);
  const mistakes = ['shop.leads.gone: is no column of the source', 'shop.foo: is no sequence of the source'];
  assert.deepEqual(said((body as Schemas['SetPolicy']).check!.mistakes), mistakes);
  const checked = await check();
  assert.deepEqual([checked.complete, said(checked.mistakes)], [false, mistakes]);

  const operation = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
  await assert.rejects(service.follow(operation));
  const { error, log } = await service.call<Operation & { log?: unknown }>('GET', `/v1/operations/${operation.id}`);
  assert.deepEqual([error!.code, error!.where, said(error!.errors!)], ['policy-invalid', 'shop.leads.gone', mistakes]);
  assert.match(error!.detail, /does not fit the source \(shop\.leads\.gone: is no column of the source; and 1 more\)$/);
  assert.doesNotMatch(error!.remedy!, /columns/);
  assert.ok(!JSON.stringify(log ?? '').includes('collecting the values'));
  assert.equal((await send(policyPath, yaml)).status, 200);
});

test('a policy that comes with a new source is for the schema of that moment', async () => {
  const policy = { tables: {}, types: { text: { mask: 'text' } } };
  await createSource('inline', { policy });
  assert.deepEqual((await check('inline')).changes, []);
  await change('ALTER TABLE shop.leads ADD notes text');
  assert.deepEqual(said((await check('inline')).changes), ['shop.leads.notes: new, text']);
});

test('schemas that are not captured are not looked at', async () => {
  const policy = { tables: {}, types: { text: { mask: 'text' }, integer: { keep: 'counts' } } };
  await change('CREATE SCHEMA own; CREATE TABLE own.notes (words text, size integer)');
  await createSource('chosen', { schemas: ['own'], policy });
  await change('ALTER TABLE shop.leads ADD score numeric; ALTER TABLE own.notes ADD pages integer');
  const { changes, unclassified, columns } = await check('chosen');
  assert.deepEqual(said(changes), ['own.notes.pages: new, integer']);
  assert.deepEqual(unclassified, []);
  assert.deepEqual(
    columns.map(({ where }) => where),
    ['own.notes.words', 'own.notes.size', 'own.notes.pages'],
  );
});

test('a source that does not answer: its policy is not set, for nobody knows what it would be for', async () => {
  await createSource('absent', { url: 'postgres://reader:hidden@127.0.0.1:1/shop' });
  const path = '/v1/projects/shop/sources/absent/policy';
  const refused = await send(path, yaml);
  assert.deepEqual([refused.status, (refused.body as Problem).code], [502, 'source-unreachable']);
  assert.equal((await send(path, '', 'application/json', 'GET')).status, 409);
});

test('a key that is damaged, or that another secret sealed: nothing is captured, and what to do is said', async () => {
  const database = docker.getContainer(service.databaseContainer);
  const sql = `UPDATE sources SET sealed_key = '\\x00' WHERE name = 'inline'`;
  const command = ['psql', '-Xq', '-U', 'greenroom', '-d', 'greenroom', '-c', sql];
  assert.equal((await exec({ docker }, database.id, { command })).exitCode, 0);
  const answer = await send('/v1/projects/shop/sources/inline/policy/check', '', 'application/json', 'GET');
  assert.equal(answer.status, 500);
  assert.match((answer.body as Problem).remedy!, /secret/);
  const rotated = await send('/v1/projects/shop/sources/inline/key', '', 'application/json', 'POST');
  assert.equal(rotated.status, 200);
  assert.equal((await check('inline')).complete, false, 'the schema has changed, the key is whole');
});
