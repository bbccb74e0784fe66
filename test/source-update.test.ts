import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import ssh2 from 'ssh2';
import type { Operation } from '../examples/demo/client.ts';
import type { Problem } from '../openapi/aliases.ts';
import type { components } from '../openapi/types.ts';
import { exec } from '../services/engine/exec.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { createAuthority } from './support/certificates.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { policy, reader, schema } from './support/source.ts';

type Schemas = components['schemas'];
type Source = Schemas['Source'];

const compose = `
x-greenroom: { database: { service: postgres, name: shop, schema: app } }
services: { postgres: { image: "postgres:17" } }
`;
const base = '/v1/projects/shop/sources';
const wrong = 'n0t-the-passw0rd';

let service: TestService;
let production: TestPostgres;
/** All that the service has answered here. */
const answers: string[] = [];

before(async () => {
  [service, production] = await Promise.all([startService(), startPostgres()]);
  await production.createDatabase('shop', schema);
  await production.createDatabase(
    'moved',
    `CREATE SCHEMA app; CREATE TABLE app.a (id integer, words text NOT NULL, email text)`,
  );
  await service.call('POST', '/v1/projects', { name: 'shop', bundle: { files: { 'compose.yaml': compose } } });
});
after(async () => {
  await production?.remove();
  await service?.remove();
});

const url = (database = 'shop', password = reader.password) => production.url(database, { ...reader, password });

async function ask<T = Source & Problem>(
  method: string,
  path: string,
  body?: unknown,
  { token = service.token, type = 'application/json' } = {},
): Promise<{ status: number; body: T }> {
  const answer = await fetch(service.url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  answers.push(text);
  return { status: answer.status, body: JSON.parse(text) as T };
}
const patch = (name: string, change: unknown, more?: { token?: string; type?: string }) =>
  ask('PATCH', `${base}/${name}`, change, more);
const probe = (name: string) => ask<Problem & { readable: boolean }>('POST', `${base}/${name}/probe`);

async function create(name: string, more: object = {}): Promise<Source> {
  const { status, body } = await ask('POST', base, { name, url: url(), ...more });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}
async function changed(name: string, change: unknown): Promise<Source> {
  const { status, body } = await patch(name, change);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual((await ask('GET', `${base}/${name}`)).body, body);
  return body;
}
async function refused(name: string, change: unknown): Promise<Problem> {
  const { body: before } = await ask('GET', `${base}/${name}`);
  const { status, body } = await patch(name, change);
  assert.deepEqual([status, body.code], [400, 'invalid-request'], JSON.stringify(body));
  assert.deepEqual((await ask('GET', `${base}/${name}`)).body, before);
  return body;
}

/** What the events say has changed, the last first. */
async function changesOf(name: string): Promise<unknown[]> {
  const { body } = await ask<{ items: Schemas['Event'][] }>(
    'GET',
    `/v1/events?subject=${encodeURIComponent(`shop/${name}`)}`,
  );
  return body.items.filter(({ action }) => action === 'source.update').map(({ detail }) => detail);
}

test('a source whose password was rotated is readable again; its key, policy and all else stay', async () => {
  const limits = { workers: 2 };
  const made = await create('rotated', { url: url('shop', wrong), policy, limits, schemas: ['app'] });
  assert.equal((await probe('rotated')).body.code, 'source-refused');
  assert.deepEqual(await changed('rotated', { url: url() }), made);
  assert.equal((await probe('rotated')).body.readable, true);
  assert.deepEqual((await ask<object>('GET', `${base}/rotated/policy`)).body, policy);
  assert.deepEqual(await changesOf('rotated'), [{ changed: ['url'] }]);
});

test('a field that is given replaces the whole one, null removes it; only what is another one is on record', async () => {
  const made = await create('limited', { limits: { workers: 2, lockTimeoutMs: 5000 }, replicas: [url()] });
  assert.deepEqual(await changed('limited', { limits: { workers: 3 }, url: url() }), {
    ...made,
    limits: { workers: 3 },
  });
  const { limits: _, replicas: __, ...bare } = made;
  assert.deepEqual(await changed('limited', { limits: null, replicas: null, tls: null }), bare);
  const schemas = ['app', 'public'];
  assert.deepEqual(await changed('limited', { schemas, replicas: [url('moved')] }), {
    ...bare,
    schemas,
    replicas: made.replicas,
  });
  assert.deepEqual(await changesOf('limited'), [
    { changed: ['schemas', 'replicas'] },
    { changed: ['limits', 'replicas'] },
    { changed: ['limits'] },
  ]);
});

test('TLS is asked for, with another CA, and no more', async () => {
  const made = await create('encrypted');
  const { certificate: ca } = await createAuthority();
  assert.deepEqual((await changed('encrypted', { tls: { mode: 'require' } })).tls, { mode: 'require' });
  assert.match((await probe('encrypted')).body.detail, /does not speak TLS/);
  assert.deepEqual((await changed('encrypted', { tls: { ca } })).tls, { ca });
  assert.equal((await refused('encrypted', { tls: { ca, mode: 'disable' } })).where, '/tls/mode');
  assert.deepEqual(await changed('encrypted', { tls: null }), made);
  assert.equal((await probe('encrypted')).body.readable, true);
});

test('a server becomes a dump and a server again; what does not go together is refused, and nothing is changed', async () => {
  const made = await create('nightly', { policy, tls: { mode: 'disable' } });
  const { private: privateKey, public: hostKey } = ssh2.utils.generateKeyPairSync('ed25519');
  const ssh = { host: 'bastion.example', user: 'courier', privateKey, hostKey };
  assert.equal((await refused('nightly', { url: null })).where, '/url');
  assert.equal((await refused('nightly', { dump: {} })).where, '/dump');
  assert.equal((await refused('nightly', { url: null, dump: {} })).where, '/tls');
  const onHost = { onHost: '/backups/shop.dump' };
  assert.equal((await refused('nightly', { url: null, tls: null, dump: onHost })).where, '/ssh');
  assert.equal((await refused('nightly', { url: null, tls: null, ssh, dump: {} })).where, '/dump/onHost');
  assert.equal((await refused('nightly', { ssh: { ...ssh, privateKey: hostKey } })).where, '/ssh/privateKey');
  assert.equal((await refused('nightly', { replicas: ['postgres://host-only'] })).where, '/replicas/0');
  assert.equal((await refused('nightly', { url: `postgres://u:${wrong}/@host/shop` })).where, '/url');

  const { tls: _, server: __, database: ___, ...kept } = made;
  const dumped = await changed('nightly', { url: null, tls: null, dump: onHost, ssh });
  const { ssh: shown, ...rest } = dumped;
  assert.deepEqual(rest, { ...kept, dump: onHost });
  assert.deepEqual([shown!.host, shown!.user], ['bastion.example:22', 'courier']);
  assert.equal((await refused('nightly', { ssh: null })).where, '/ssh');
  const again = await changed('nightly', { url: url(), tls: made.tls, dump: null, ssh: null });
  assert.deepEqual(again, made);
  assert.equal((await probe('nightly')).body.readable, true);
});

test('the schema that is remembered stays, and what another database has otherwise is told', async () => {
  await create('moving', { policy });
  const check = async () => (await ask<Schemas['PolicyCheck']>('GET', `${base}/moving/policy/check`)).body;
  const before = await check();
  assert.deepEqual([before.complete, before.changes], [true, []]);
  await changed('moving', { url: url('moved') });
  const { schemaKnownAt, complete, changes } = await check();
  assert.deepEqual([schemaKnownAt, complete], [before.schemaKnownAt, false]);
  assert.deepEqual(changes, [{ where: 'app.a.email', what: 'new, text' }]);
});

test('changes at the same time all take effect', async () => {
  const made = await create('busy');
  for (let round = 1; round <= 10; round += 1) {
    const limits = { workers: round };
    const schemas = [`round-${round}`];
    const replicas = [`postgres://u@replica-${round}/shop`];
    const sent = await Promise.all([{ limits }, { schemas }, { replicas }].map((change) => patch('busy', change)));
    assert.deepEqual(
      sent.map(({ status }) => status),
      [200, 200, 200],
    );
    const expected = { ...made, limits, schemas, replicas: [`replica-${round}:5432`] };
    assert.deepEqual((await ask('GET', `${base}/busy`)).body, expected);
  }
});

test('a change that says nothing, something else or something wrong is refused, and so is who may not make sources', async () => {
  await create('guarded');
  const cases: [change: unknown, says: RegExp][] = [
    [{}, /fewer than 1/],
    [[], /object/],
    [{ name: 'other' }, /body.name/],
    [{ policy }, /body.policy/],
    [{ limits: { workers: 0 } }, />= 1/],
    [{ limits: { workers: null } }, /integer/],
    [{ url: `mysql://u:${wrong}@host/shop` }, /pattern/],
    [{ schemas: [] }, /fewer than 1/],
  ];
  for (const [change, says] of cases) assert.match((await refused('guarded', change)).detail, says);
  assert.equal((await patch('guarded', { limits: null }, { type: 'application/merge-patch+json' })).status, 415);
  assert.equal((await patch('none', { limits: null })).status, 404);
  assert.equal((await ask('PATCH', '/v1/projects/none/sources/guarded', { limits: null })).status, 404);
  assert.equal((await patch('guarded', { limits: null }, { token: 'gr_none' })).status, 401);
  for (const scope of ['read', 'deploy', 'data', 'approve']) {
    const wish = { name: `only ${scope}`, scopes: [scope] };
    const { secret } = await service.call<{ secret: string }>('POST', '/v1/tokens', wish);
    const { status, body } = await patch('guarded', { limits: { workers: 9 } }, { token: secret });
    assert.equal(status, 403, scope);
    assert.match(body.detail, /this needs admin/);
  }
  assert.deepEqual(await changesOf('guarded'), []);
  assert.equal((await ask('GET', `${base}/guarded`)).body.limits, undefined);
});

test('a capture that is being read goes on with what it opened, one that waits takes what there is then', async () => {
  await create('captured', { policy, limits: { workers: 1, megabytesPerSecond: 0.5 } });
  const wish = { project: 'shop', source: 'captured' };
  const [running, waiting] = [
    await service.call<Operation>('POST', '/v1/snapshots', wish),
    await service.call<Operation>('POST', '/v1/snapshots', wish),
  ];
  const client = await production.connect('shop');
  const copying = `SELECT FROM pg_stat_activity WHERE usename = 'reader' AND query LIKE 'COPY%'`;
  try {
    await until(async () => (await client.query(copying)).rowCount! > 0);
  } finally {
    await client.end();
  }
  const other = await patch('captured', { url: null, dump: {} });
  assert.deepEqual([other.status, other.body.code], [409, 'conflict']);
  assert.match(other.body.detail, /being captured as a server/);
  await changed('captured', { url: url('shop', wrong), limits: null });
  const { subject } = await service.follow(running);
  const { tables } = await service.call<CaptureReport>('GET', `/v1/snapshots/${subject}/report`);
  assert.deepEqual(
    tables.map(({ rows }) => rows),
    [1000, 1000, 1000, 1000],
  );
  await assert.rejects(service.follow(waiting));
  const ended = await service.call<Operation>('GET', `/v1/operations/${waiting.id}`);
  assert.equal(ended.error!.code, 'source-refused');
  await changed('captured', { url: null, dump: {} });
});

test('no secret of a change is in an answer, an event, the log or a table', async () => {
  const passphrase = 'pa55-phrase-0f-the-key';
  const { private: privateKey, public: hostKey } = ssh2.utils.generateKeyPairSync('ed25519', {
    passphrase,
    cipher: 'aes256-cbc',
    rounds: 4,
  });
  const ssh = { host: 'bastion.example', user: 'courier', privateKey, passphrase, hostKey };
  await create('secretive');
  await changed('secretive', { ssh, replicas: [url('shop', 'r3plica-s3cr3t')], url: url('shop', 'an0ther-s3cr3t') });
  assert.deepEqual(await changesOf('secretive'), [{ changed: ['ssh', 'replicas', 'url'] }]);
  assert.equal(
    (await refused('secretive', { ssh: { ...ssh, passphrase: `${passphrase}-not` } })).where,
    '/ssh/passphrase',
  );
  const dump = await exec({ docker }, service.databaseContainer, {
    command: ['sh', '-c', 'pg_dumpall -U "$POSTGRES_USER" --data-only'],
  });
  assert.equal(dump.exitCode, 0, dump.stderr);
  // A bytea is written in hexadecimal.
  const bytes = dump.stdout.replace(/\\\\x([0-9a-f]+)/g, (_, hex) => Buffer.from(hex, 'hex').toString('latin1'));
  assert.ok(bytes.includes('bastion.example:22'));
  const lines = privateKey.split('\n').slice(1, -2);
  for (const secret of [passphrase, ...lines, reader.password, wrong, 'r3plica-s3cr3t', 'an0ther-s3cr3t']) {
    assert.ok(!answers.some((text) => text.includes(secret)), `an answer holds ${secret}`);
    assert.ok(!service.output().includes(secret), `the log holds ${secret}`);
    assert.ok(!bytes.includes(secret), `a table holds ${secret}`);
  }
});
