import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { components } from '../openapi/types.ts';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { exec } from '../services/engine/exec.ts';
import { ifPresent } from '../services/engine/host.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import type { SourceAddress } from '../services/sources/address.ts';
import { probeSource } from '../services/sources/probe.ts';
import { createAuthority } from './support/certificates.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { startService, type TestService, until } from './support/service.ts';
import { createShop } from './support/shop.ts';
import { captureOf, noSessionLeft, policy, reader, refusal, refusedCapture, schema } from './support/source.ts';
import { type SshHost, startSshHost } from './support/ssh-host.ts';

type Answer = Record<string, unknown> & { id: string };
type SshLogin = components['schemas']['NewSourceSsh'];

/** Names on a network that this machine does not resolve: who reaches them has gone through an SSH host. */
const [database, inner] = ['production-db', 'inner-host'];
const passphrase = 'pa55-phrase-0f-the-key';

const host = testHost();
const network = `greenroom-test-${randomBytes(4).toString('hex')}`;
let production: TestPostgres;
let outerHost: SshHost;
let innerHost: SshHost;
/** With a passphrase. */
let key: { secret: string; line: string };
let secrets: string[];

before(async () => {
  // Short: a service's own folder is below it, in that a socket, whose path may have 107 characters.
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'gr-'));
  await docker.createNetwork({ Name: network, Labels: { 'greenroom.test': '1' } });
  [production, outerHost, innerHost] = await Promise.all([
    startPostgres(),
    startSshHost(network, 'outer-host'),
    startSshHost(network, inner),
  ]);
  await docker.getNetwork(network).connect({
    Container: production.container,
    EndpointConfig: { Aliases: [database] },
  });
  await production.createDatabase('shop', schema);
  key = await outerHost.makeKey('ed25519', passphrase);
  secrets = [passphrase, ...key.secret.split('\n').slice(1, -2)];
  for (const machine of [outerHost, innerHost]) await machine.authorize(key.line);
});

after(async () => {
  for (const part of [production, outerHost, innerHost]) await part?.remove();
  await ifPresent(docker.getNetwork(network).remove());
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const url = `postgres://${reader.user}:${reader.password}@${database}:5432/shop`;
const login = (more: Partial<SshLogin> = {}): SshLogin => ({
  host: outerHost.address,
  user: 'courier',
  privateKey: key.secret,
  passphrase,
  hostKey: outerHost.keys.ed25519.line,
  ...more,
});
const throughJump = (more: Partial<SshLogin> = {}): SshLogin =>
  login({ host: inner, hostKey: innerHost.keys.ed25519.line, jump: login(), ...more });
const source = (ssh: SshLogin, more: Partial<SourceAddress> = {}): SourceAddress => ({ url, ssh, ...more });
const accepted = async (ssh: SshLogin, more?: Partial<SourceAddress>) =>
  assert.equal((await probeSource(source(ssh, more))).readable, true);
const refused = (ssh: SshLogin, more?: Partial<SourceAddress>) => refusal(probeSource(source(ssh, more)), secrets);

describe('a source behind an SSH host', () => {
  test('is captured through one connection, which is closed with the work', async () => {
    assert.equal((await refusal(probeSource({ url }))).code, 'source-unreachable');
    const { accepted: before } = await outerHost.logins();
    const report = await captureDatabase(captureOf(host, source(login(), { limits: { workers: 3 } })));
    const { tables } = report;
    assert.match(report.source.ssh!.hostKey, /^SHA256:/);
    assert.doesNotMatch(JSON.stringify(report), /PRIVATE KEY|r3ad3r/);
    assert.deepEqual(
      tables.map(({ rows }) => rows),
      [1000, 1000, 1000, 1000],
    );
    assert.equal((await outerHost.logins()).accepted, before + 1);
    await until(async () => (await outerHost.logins()).over === before + 1);
    await noSessionLeft(production);
  });

  test('is captured through a jump host', async () => {
    const { tables } = await captureDatabase(captureOf(host, source(throughJump())));
    assert.equal(tables.length, 4);
    await noSessionLeft(production);
  });

  test('is reached with an RSA key, and with a host key pinned by fingerprint or of another type', async () => {
    const rsa = await outerHost.makeKey('rsa');
    await outerHost.authorize(key.line, rsa.line);
    const { passphrase: _, ...open } = login({ privateKey: rsa.secret });
    await accepted({ ...open, hostKey: outerHost.keys.ed25519.fingerprint });
    await accepted({ ...open, hostKey: outerHost.keys.rsa.line });
    await outerHost.authorize(key.line);
  });

  test('is reached by the agent that greenroom was started with', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agent-'));
    await chmod(folder, 0o777);
    const machine = await startSshHost(network, 'agent-host', [`${folder}:/agent`]);
    try {
      // An agent answers its own user only.
      const user = String(process.getuid!());
      await machine.run(['ssh-agent', '-a', '/agent/socket'], { user });
      const own = await machine.makeKey('ed25519');
      await machine.authorize(own.line);
      await machine.run(['sh', '-c', 'umask 077; cat >/agent/key; SSH_AUTH_SOCK=/agent/socket ssh-add -q /agent/key'], {
        input: own.secret,
        user,
      });
      const byAgent = { host: machine.address, user: 'courier', hostKey: machine.keys.ed25519.line, agent: true };
      await accepted(byAgent, { agentSocket: join(folder, 'socket') });
      const without = await refused(byAgent);
      assert.equal(without.code, 'source-refused');
      assert.match(without.remedy!, /SSH_AUTH_SOCK/);
      assert.match((await refused(byAgent, { agentSocket: join(folder, 'nothing') })).message, /agent/);
    } finally {
      await machine.remove();
      await rm(folder, { recursive: true });
    }
  });

  test('is verified by TLS under its own name, too', async () => {
    const authority = await createAuthority();
    const pair = await authority.issue(`DNS:${database}`);
    const write = (file: string, text: string) =>
      production.run(['sh', '-c', `install -o postgres -m 600 /dev/stdin "$PGDATA/${file}"`], text);
    await write('server.key', pair.key);
    await write('server.crt', pair.certificate);
    await production.run([
      'psql',
      '-XqU',
      'postgres',
      '-c',
      'ALTER SYSTEM SET ssl = on',
      '-c',
      'SELECT pg_reload_conf()',
    ]);
    await until(async () => (await production.run(['psql', '-XAtqU', 'postgres', '-c', 'SHOW ssl'])).trim() === 'on');
    await production.run(['sh', '-c', `sed -i '1i hostnossl all reader all reject' "$PGDATA/pg_hba.conf"`]);
    await production.run(['psql', '-XqU', 'postgres', '-c', 'SELECT pg_reload_conf()']);
    const tls = { ca: authority.certificate };
    try {
      await captureDatabase(captureOf(host, source(throughJump(), { tls })));
      const problem = await refused(login(), { tls: { ...tls, serverName: 'other.example' } });
      assert.match(problem.message, /another host name/);
    } finally {
      await production.run(['sh', '-c', `sed -i '/hostnossl/d' "$PGDATA/pg_hba.conf"`]);
      await production.run(['psql', '-XqU', 'postgres', '-c', 'SELECT pg_reload_conf()']);
      await until(() =>
        accepted(login()).then(
          () => true,
          () => false,
        ),
      );
    }
  });
});

describe('refused, with nothing left', () => {
  test('a host that shows another key than the pinned one is not talked to; both fingerprints are named', async () => {
    const { keys } = outerHost;
    const other = innerHost.keys;
    const { accepted: before } = await outerHost.logins();
    const cases: [SshLogin, pinned: string, shown: string][] = [
      [login({ hostKey: other.ed25519.line }), other.ed25519.fingerprint, keys.ed25519.fingerprint],
      [login({ hostKey: other.ed25519.fingerprint }), other.ed25519.fingerprint, keys.ed25519.fingerprint],
      [login({ hostKey: other.rsa.line }), other.rsa.fingerprint, keys.rsa.fingerprint],
      [
        throughJump({ jump: login({ hostKey: other.ed25519.line }) }),
        other.ed25519.fingerprint,
        keys.ed25519.fingerprint,
      ],
    ];
    for (const [ssh, pinned, shown] of cases) {
      const problem = await refused(ssh);
      assert.equal(problem.code, 'source-unreachable');
      assert.ok(problem.message.includes(pinned) && problem.message.includes(shown), problem.message);
      assert.match(problem.remedy!, /ssh-keygen/);
    }
    assert.equal((await outerHost.logins()).accepted, before);
    const capture = captureOf(host, source(login({ hostKey: other.ed25519.line })));
    assert.equal((await refusedCapture(capture, production, secrets)).code, 'source-unreachable');
  });

  test('the host behind a jump host is held to its own key', async () => {
    const problem = await refused(throughJump({ hostKey: outerHost.keys.ed25519.line }));
    assert.equal(problem.code, 'source-unreachable');
    assert.equal(problem.where, `courier@${inner}:22`);
    assert.ok(problem.message.includes(innerHost.keys.ed25519.fingerprint), problem.message);
    const { accepted: let_in } = await outerHost.logins();
    await until(async () => (await outerHost.logins()).over === let_in);
  });

  test('a key that the host does not know, a user it does not have', async () => {
    const { secret: privateKey } = await outerHost.makeKey('ed25519');
    const { passphrase: _, ...unknown } = login({ privateKey });
    for (const ssh of [unknown, login({ user: 'somebody' })]) {
      const problem = await refused(ssh);
      assert.equal(problem.code, 'source-refused');
      assert.match(problem.message, /does not accept greenroom's key/);
      assert.match(problem.remedy!, /authorized_keys/);
    }
    assert.equal((await refusedCapture(captureOf(host, source(unknown)), production, secrets)).code, 'source-refused');
  });

  test('a host that is not there, one that may not forward, and one that does not find the database', async () => {
    const closed = await refused(login({ port: 1 }));
    assert.equal(closed.code, 'source-unreachable');
    assert.equal(closed.where, `courier@${outerHost.address}:1`);

    await outerHost.authorize(`restrict ${key.line}`);
    const forbidden = await refused(login());
    await outerHost.authorize(key.line);
    assert.equal(forbidden.code, 'source-refused');
    assert.match(forbidden.remedy!, /AllowTcpForwarding/);

    const lost = await refused(login(), { url: url.replace(database, 'nowhere.invalid') });
    assert.equal(lost.code, 'source-unreachable');
    assert.match(lost.message, /cannot reach nowhere\.invalid:5432/);
  });

  for (const [what, kill] of [
    ['the SSH host', () => innerHost],
    ['its jump host', () => outerHost],
  ] as const) {
    test(`a capture in the middle of which ${what} is killed`, async () => {
      let killed: Promise<void> | undefined;
      const address = source(throughJump(), { limits: { megabytesPerSecond: 0.3 } });
      const options = captureOf(host, address, {
        onProgress(message, done = 0) {
          if (message.startsWith('copying and masking') && done > 0) killed ??= kill().kill();
        },
      });
      const problem = await refusedCapture(options, production, secrets);
      assert.ok(killed);
      await killed;
      assert.equal(problem.code, 'source-unreachable');
      assert.match(problem.message, /The SSH connection to courier@.* broke in the middle/);
      await kill().remove();
      const again = await startSshHost(network, what === 'the SSH host' ? inner : 'outer-host');
      await again.authorize(key.line);
      if (what === 'the SSH host') innerHost = again;
      else outerHost = again;
    });
  }
});

describe('through the API', () => {
  let service: TestService;
  /** Every answer of it so far. */
  const answers: string[] = [];

  before(async () => {
    service = await startService();
    await createShop(service);
  });
  after(() => service?.remove());

  async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    answers.push(text);
    return { status: response.status, body: JSON.parse(text) };
  }
  const sources = '/v1/projects/shop/sources';

  test('a login that could never be, or would trust anybody, is refused by the field that is wrong', async () => {
    const { passphrase: _, ...without } = login();
    const { privateKey: __, ...unlocked } = without;
    const cases: [ssh: object, where: string][] = [
      [login({ passphrase: `${passphrase}-not` }), '/ssh/passphrase'],
      [without, '/ssh/passphrase'],
      [login({ privateKey: key.secret.slice(0, -200) }), '/ssh/privateKey'],
      [login({ privateKey: key.line }), '/ssh/privateKey'],
      [unlocked, '/ssh/privateKey'],
      [login({ hostKey: 'ssh-ed25519 AAAA' }), '/ssh/hostKey'],
      [login({ hostKey: outerHost.keys.rsa.line.replace('ssh-rsa', 'ssh-ed25519') }), '/ssh/hostKey'],
      [throughJump({ jump: login({ hostKey: 'MD5:00' }) }), '/ssh/jump/hostKey'],
    ];
    for (const [ssh, where] of cases) {
      const { status, body } = await ask('POST', sources, { name: 'never', url, ssh });
      assert.deepEqual([status, body.code, body.where], [400, 'invalid-request', where], JSON.stringify(body));
    }
    const { hostKey: ___, ...trusting } = login();
    const hopless = { ...login(), jump: trusting };
    const unknown = { ...login(), jump: { ...login(), jump: login() } };
    for (const ssh of [trusting, hopless, unknown, { ...login(), password: passphrase }]) {
      assert.equal((await ask('POST', sources, { name: 'never', url, ssh })).status, 400);
    }
    assert.deepEqual((await ask('GET', sources)).body.items, []);
  });

  test('a source is captured; no answer, log or table of greenroom holds its key, passphrase or password', async () => {
    const ssh = throughJump();
    const limits = { workers: 2, lockTimeoutMs: 5000 };
    // Nobody is there; that one may not be read instead is seen from the report.
    const replicas = [url.replace(database, 'replica.invalid')];
    const more = { replicas, schemas: ['app'] };
    const made = await ask('POST', sources, { name: 'production', url, ssh, limits, policy, ...more });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual([made.body.replicas, made.body.schemas], [['replica.invalid:5432'], ['app']]);
    assert.deepEqual(made.body.ssh, {
      host: `${inner}:22`,
      user: 'courier',
      hostKey: innerHost.keys.ed25519.fingerprint,
      jump: { host: `${outerHost.address}:22`, user: 'courier', hostKey: outerHost.keys.ed25519.fingerprint },
    });
    assert.deepEqual(made.body.limits, limits);
    assert.deepEqual((await ask('GET', `${sources}/production`)).body, made.body);
    assert.equal((await ask('POST', `${sources}/production/probe`)).body.readable, true);
    const { body: operation } = await ask('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
    await service.follow(operation as never);
    const { body: report } = await ask('GET', `/v1/snapshots/${operation.subject}/report`);
    assert.match(JSON.stringify(report.warnings), /passed over.*replica\.invalid/);

    const stranger = throughJump({ hostKey: outerHost.keys.ed25519.fingerprint });
    await ask('POST', sources, { name: 'stranger', url, ssh: stranger, policy });
    assert.equal((await ask('POST', `${sources}/stranger/probe`)).body.code, 'source-unreachable');
    const { body: failing } = await ask('POST', '/v1/snapshots', { project: 'shop', source: 'stranger' });
    await assert.rejects(service.follow(failing as never));

    for (const path of [sources, '/v1/snapshots', '/v1/events', '/v1/operations', `/v1/operations/${failing.id}`])
      assert.equal((await ask('GET', path)).status, 200);
    const dump = await exec({ docker }, service.databaseContainer, {
      command: ['sh', '-c', 'pg_dumpall -U "$POSTGRES_USER" --data-only'],
    });
    assert.equal(dump.exitCode, 0, dump.stderr);
    // A bytea is written in hexadecimal.
    const bytes = dump.stdout.replace(/\\\\x([0-9a-f]+)/g, (_, hex) => Buffer.from(hex, 'hex').toString('latin1'));
    assert.ok(bytes.includes(innerHost.keys.ed25519.fingerprint));
    for (const secret of [...secrets, reader.password]) {
      assert.ok(!answers.some((text) => text.includes(secret)), 'an answer holds a secret');
      assert.ok(!service.output().includes(secret), 'the log holds a secret');
      assert.ok(!bytes.includes(secret), 'a table holds a secret');
    }
    assert.deepEqual(await readdir(service.temporary), []);
  });
});
