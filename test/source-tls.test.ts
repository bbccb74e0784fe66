import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { components } from '../openapi/types.ts';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import type { SourceAddress } from '../services/sources/address.ts';
import { probeSource } from '../services/sources/probe.ts';
import { checkTls, inTheClear } from '../services/sources/tls.ts';
import { type Authority, createAuthority } from './support/certificates.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { until } from './support/service.ts';
import { captureOf, noSessionLeft, reader, refusal, refusedCapture, schema } from './support/source.ts';

type SourceTls = components['schemas']['SourceTls'];

test('what does not leave the machine, or goes through SSH, is not read in the clear', () => {
  const ssh = { host: 'bastion.example', user: 'courier', hostKey: 'ssh-ed25519 AAAA', agent: true };
  const of = (host: string, more: object = {}) => inTheClear({ url: `postgres://u:p@${host}/shop`, ...more });
  for (const host of ['localhost', '127.0.0.1:6432', '[::1]', '%2Frun%2Fpostgresql'])
    assert.deepEqual(of(host), [], host);
  assert.deepEqual(of('db.internal', { ssh }), []);
  assert.deepEqual(of('db.internal', { tls: { mode: 'require' } }), []);
  for (const host of ['db.internal', '172.17.0.2', 'localhost.example'])
    assert.deepEqual(
      of(host).map(({ where }) => where),
      [`${host}:5432`],
    );
});

const host = testHost();
let production: TestPostgres;
let authority: Authority;
let stranger: Authority;
let names: string;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  [production, authority, stranger] = await Promise.all([
    startPostgres({ settings: { log_connections: 'on' } }),
    createAuthority(),
    createAuthority(),
  ]);
  await production.createDatabase('shop', schema);
  // Whoever reads comes encrypted or not at all: what gets through was encrypted.
  await production.run(['sh', '-c', `sed -i '1i hostnossl all reader all reject' "$PGDATA/pg_hba.conf"`]);
  names = `DNS:production.example,IP:${production.address}`;
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

let certificates = 0;

/** Has the server show another certificate to whoever connects from now on; undefined turns TLS off. */
async function show(pair: { key: string; certificate: string } | undefined): Promise<void> {
  certificates += 1;
  const name = `server-${certificates}`;
  const psql = (...statements: string[]) =>
    production.run(['psql', '-XAtqU', 'postgres', ...statements.flatMap((statement) => ['-c', statement])]);
  const write = (file: string, text: string) =>
    production.run(['sh', '-c', `install -o postgres -m 600 /dev/stdin "$PGDATA/${file}"`], text);
  if (pair) {
    await write(`${name}.key`, pair.key);
    await write(`${name}.pem`, pair.certificate);
  }
  await psql(
    `ALTER SYSTEM SET ssl_key_file = '${name}.key'`,
    `ALTER SYSTEM SET ssl_cert_file = '${name}.pem'`,
    `ALTER SYSTEM SET ssl = ${pair ? 'on' : 'off'}`,
    'SELECT pg_reload_conf()',
  );
  // A new session has what the server has by then.
  await until(async () => (await psql('SHOW ssl_cert_file')).includes(name));
}

const sourceWith = (tls?: SourceTls, query = ''): SourceAddress => ({
  url: production.url('shop', reader) + query,
  ...(tls ? { tls } : {}),
});
const accepted = async (tls?: SourceTls, query?: string) => {
  const { readable, warnings } = await probeSource(sourceWith(tls, query));
  assert.equal(readable, true);
  return warnings;
};
const refused = (tls?: SourceTls, query?: string) => refusal(probeSource(sourceWith(tls, query)));

describe('a certificate for the server’s address and name', () => {
  before(async () => show(await authority.issue(names)));

  test('a capture goes encrypted through all its sessions, and verifies the server', async () => {
    const options = captureOf(host, sourceWith({ ca: authority.certificate }));
    const { tables, source } = await captureDatabase(options);
    assert.deepEqual(source.tls, { mode: 'verify-full', version: 'TLSv1.3' }, 'and its report says so');
    assert.deepEqual(
      tables.map(({ rows }) => rows),
      [1000, 1000, 1000, 1000],
    );
    await noSessionLeft(production);
  });

  test('is refused without TLS by the server, which the other tests rely on', async () => {
    for (const without of [
      await refused(),
      await refused({ mode: 'disable' }),
      await refused({ mode: 'disable' }, '?sslmode=require'),
    ]) {
      assert.equal(without.code, 'source-refused');
      assert.match(without.message, /no encryption/);
    }
  });

  test('is accepted by every mode that trusts its CA, and by one that verifies nothing', async () => {
    const ca = authority.certificate;
    for (const mode of ['verify-full', 'verify-ca', 'require'] as const)
      assert.deepEqual(await accepted({ ca, mode }), [], 'nothing to warn of');
    await accepted({ ca, serverName: 'production.example' });
    await accepted({ ca }, '?sslmode=disable');
    await accepted({ mode: 'require' });
    await accepted(undefined, '?sslmode=no-verify');
  });

  test('is not trusted with a wrong CA, nor with the well-known ones; a capture leaves nothing', async () => {
    const ca = stranger.certificate;
    const problems = [
      await refused({ ca }),
      await refused({ ca, mode: 'verify-ca' }),
      await refused({ ca, mode: 'require' }),
      await refused({ mode: 'verify-full' }),
      await refused(undefined, '?sslmode=verify-full'),
      await refusedCapture(captureOf(host, sourceWith({ ca })), production),
    ];
    for (const problem of problems) {
      assert.equal(problem.code, 'source-unreachable');
      assert.match(problem.message, /not of the CA that is trusted \([A-Z_]+\)$/);
      assert.match(problem.remedy!, /tls\.ca/);
      assert.equal(problem.where, `${production.address}:5432`);
    }
  });

  test('is not trusted under another name', async () => {
    const problem = await refused({ ca: authority.certificate, serverName: 'other.example' });
    assert.equal(problem.code, 'source-unreachable');
    assert.match(problem.message, /another host name.*other\.example.*production\.example/);
    assert.match(problem.remedy!, /tls\.serverName/);
    await accepted({ ca: authority.certificate, serverName: 'other.example', mode: 'verify-ca' });
  });
});

test('a certificate for a name only: the address is refused, the name given as serverName is not', async () => {
  await show(await authority.issue('DNS:production.example'));
  assert.match((await refused({ ca: authority.certificate })).message, /another host name/);
  await captureDatabase(captureOf(host, sourceWith({ ca: authority.certificate, serverName: 'production.example' })));
});

test('an expired certificate is refused', async () => {
  await show(await authority.issue(names, 'expired'));
  for (const mode of ['verify-full', 'verify-ca'] as const) {
    const problem = await refused({ ca: authority.certificate, mode });
    assert.equal(problem.code, 'source-unreachable');
    assert.match(problem.message, /has expired/);
    assert.match(problem.remedy!, /Renew/);
  }
});

test('a server without TLS is refused, and sees no login in plain text', async () => {
  await show(undefined);
  // It would be let in.
  await production.run(['sh', '-c', `sed -i '/hostnossl/d' "$PGDATA/pg_hba.conf"`]);
  await production.run(['psql', '-XqU', 'postgres', '-c', 'SELECT pg_reload_conf()']);
  await until(() =>
    accepted().then(
      () => true,
      () => false,
    ),
  );
  const logins = async () => (await production.log()).split('connection authenticated: identity="reader"').length - 1;
  const before = await logins();
  assert.ok(before > 0);
  for (const problem of [
    await refused({ ca: authority.certificate }),
    await refused({ mode: 'require' }),
    await refused(undefined, '?sslmode=require'),
    await refused(undefined, '?sslmode=prefer'),
  ]) {
    assert.equal(problem.code, 'source-refused');
    assert.match(problem.message, /does not speak TLS/);
  }
  assert.equal(await logins(), before);
  const [warning] = (await probeSource(sourceWith())).warnings;
  assert.match(
    `${warning!.what}. ${warning!.remedy}`,
    /without TLS: rows pass the network unmasked.*sslmode=verify-full/,
  );
});

test('what would verify nothing, or cannot be read, is refused when the source is made', () => {
  const { certificate } = stranger;
  const refusedAt = (tls: SourceTls) => {
    let where: string | undefined;
    assert.throws(
      () => checkTls(tls),
      (error: { code: string; where: string }) => {
        where = error.where;
        return error.code === 'invalid-request';
      },
    );
    return where;
  };
  assert.equal(refusedAt({ ca: 'not a certificate' }), '/tls/ca');
  assert.equal(refusedAt({ ca: certificate.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') }), '/tls/ca');
  assert.equal(refusedAt({ mode: 'verify-ca' }), '/tls/ca');
  assert.equal(refusedAt({ mode: 'disable', ca: certificate }), '/tls/mode');
  checkTls({ ca: `a note\n${certificate}\n${certificate}` });
});
