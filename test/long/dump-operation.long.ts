import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { components } from '../../openapi/types.ts';
import { removeContainer } from '../../services/engine/containers.ts';
import { exec } from '../../services/engine/exec.ts';
import { ifPresent } from '../../services/engine/host.ts';
import { type Boundary, openBoundary } from '../support/boundary.ts';
import { pgDump, pgDumpFolder } from '../support/dumps.ts';
import { docker } from '../support/postgres.ts';
import { startService, type TestService, until } from '../support/service.ts';
import { createShop, type Production, policy, startProduction } from '../support/shop.ts';
import { type SshHost, startSshHost } from '../support/ssh-host.ts';

type Operation = components['schemas']['Operation'];
type Problem = components['schemas']['Problem'];
type Report = { dump: { format: string }; tables: { name: string; rows: number }[]; source: { server: string } };

const sources = '/v1/projects/shop/sources';
const network = `greenroom-test-${randomBytes(4).toString('hex')}`;
let service: TestService;
let boundary: Boundary;
let production: Production;
let machine: SshHost;
let custom: Buffer;
let plain: Buffer;
let folder: Buffer;

before(async () => {
  await docker.createNetwork({ Name: network, Labels: { 'greenroom.test': '1' } });
  [service, production, machine] = await Promise.all([
    startService({ GREENROOM_DUMP_MEMORY_MB: '16' }),
    startProduction(),
    startSshHost(network, 'dump-host'),
  ]);
  boundary = await openBoundary(service);
  await createShop(service);
  custom = await pgDump(production.name, '-Fc');
  plain = await pgDump(production.name);
  folder = await pgDumpFolder(production.name);
  await service.call('POST', sources, { name: 'sent', dump: {}, policy });
});

after(async () => {
  await boundary?.close();
  await production?.remove();
  await machine?.remove();
  await service?.remove();
  await ifPresent(docker.getNetwork(network).remove());
});

/** Sends a body as a dump. */
async function send(body: Buffer | ReadableStream, path = `${sources}/sent/snapshots`) {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/octet-stream' },
    body: body as never,
    duplex: 'half',
  } as RequestInit);
  return { status: response.status, body: (await response.json()) as Operation & Problem };
}

async function inProduction(sql: string): Promise<void> {
  const command = ['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-c', sql];
  const { exitCode, stderr } = await exec({ docker }, production.name, { command });
  assert.equal(exitCode, 0, stderr);
}

const roomsLeft = async () =>
  docker.listContainers({
    all: true,
    filters: { label: [`greenroom.installation=${service.installation}`, 'greenroom.kind=dump'] },
  });

const rowsOf = (report: Report) => report.tables.reduce((sum, { rows }) => sum + rows, 0);

describe('a dump that is sent', () => {
  for (const [format, dump] of [
    ['custom', () => custom],
    ['plain', () => plain],
    ['directory', () => folder],
  ] as const)
    test(`is captured, in ${format} format; nothing of it is left but the snapshot`, async () => {
      const { status, body } = await send(dump());
      assert.equal(status, 202, JSON.stringify(body));
      const { subject } = await service.follow(body);
      const report = await service.call<Report>('GET', `/v1/snapshots/${subject}/report`);
      assert.equal(report.dump.format, format);
      assert.ok(rowsOf(report) > 1000);
      assert.deepEqual(await roomsLeft(), []);
    });

  test('of another schema than the one before stops the capture, until the policy is set again', async () => {
    const changed = async (change: string, back: string) => {
      await inProduction(change);
      const dump = await pgDump(production.name, '-Fc');
      await inProduction(back);
      return dump;
    };
    const stopped = async (dump: Buffer, what: RegExp) => {
      const { body } = await send(dump);
      await assert.rejects(service.follow(body), what);
      const { error } = await service.call<Operation>('GET', `/v1/operations/${body.id}`);
      assert.equal(error!.code, 'schema-changed');
      assert.deepEqual(await roomsLeft(), []);
    };
    // What was set meanwhile acknowledges no dump that has not come yet.
    await service.call('PUT', `${sources}/sent/policy`, policy);
    const retyped = await changed(
      'ALTER TABLE shop.customers ALTER company TYPE varchar(77)',
      'ALTER TABLE shop.customers ALTER company TYPE text',
    );
    await stopped(retyped, /shop\.customers\.company: was text, is character varying\(77\)/);
    await stopped(
      await changed('ALTER TABLE shop.customers ADD later text', 'ALTER TABLE shop.customers DROP later'),
      /shop\.customers\.later: new, text/,
    );
    await service.call('PUT', `${sources}/sent/policy`, policy);
    await service.follow((await send(custom)).body);
  });

  test('of very many definitions is read while the API answers', async () => {
    const tables = Array.from(
      { length: 40_000 },
      (_, n) => `CREATE TABLE shop.t${n} (id bigint NOT NULL, name text DEFAULT '' CHECK (name <> 'x'), at date);\n`,
    );
    const script = `--\n-- PostgreSQL database dump\n--\n${tables.join('')}DO $$ BEGIN END $$;\n-- PostgreSQL database dump complete\n`;
    const { body } = await send(Buffer.from(script));
    await until(async () => {
      const { state, progress } = await service.call<Operation>('GET', `/v1/operations/${body.id}`);
      assert.ok(state === 'queued' || state === 'running', `${state} before it was seen being read`);
      const [, read, total] = /: (\d+) of (\d+) statements/.exec(progress?.message ?? '') ?? [];
      return Number(read) > 0 && Number(read) < Number(total);
    });
    await assert.rejects(service.follow(body), /does not write/);
    assert.deepEqual(await roomsLeft(), []);
  });

  test('is refused with its reason, though it is read to its end', async () => {
    const none = await send(randomBytes(3_000_000));
    assert.deepEqual([none.status, none.body.code], [422, 'dump-invalid']);
    const large = await send(Buffer.concat([custom, Buffer.alloc(17 << 20)]));
    assert.deepEqual([large.status, large.body.code], [413, 'too-large']);
    const other = await send(custom, `${sources}/sent/snapshots?sha256=${'0'.repeat(64)}`);
    assert.deepEqual([other.status, other.body.code], [422, 'dump-invalid']);
    assert.deepEqual(await roomsLeft(), []);
  });

  test('is captured though greenroom is killed after it came', async () => {
    const killed = boundary.killAt('snapshot.capture', 'network', 'after');
    // Who sent it may not have got the answer.
    const sent = send(custom).catch(() => {});
    await Promise.all([killed, sent]);
    const [room] = await roomsLeft();
    const { HostConfig: config } = await docker.getContainer(room!.Id).inspect();
    // In memory only, and none of that is swapped out.
    assert.equal(config.MemorySwap, config.Memory);
    assert.deepEqual(config.Binds ?? [], []);
    assert.equal(config.ReadonlyRootfs, true);
    // No way leads out, not to a server that answers everybody else here either.
    const { hostname, port } = new URL(production.url);
    const connecting = ['timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${hostname}/${port}`];
    assert.notEqual((await exec({ docker }, room!.Id, { command: connecting })).exitCode, 0);
    await service.start();
    const { items } = await service.call<{ items: Operation[] }>('GET', '/v1/operations');
    const operation = items.find(({ kind, state }) => kind === 'snapshot.capture' && state !== 'succeeded');
    await service.follow(operation!);
    assert.deepEqual(await roomsLeft(), []);
  });

  test('has to be sent again when the engine lost it meanwhile', async () => {
    const lost = boundary.at('snapshot.capture', 'network', async () => {
      for (const { Id } of await roomsLeft()) await removeContainer(docker.getContainer(Id));
    });
    const { body } = await send(custom);
    await lost;
    await assert.rejects(service.follow(body), /is not there any more.*Send it again/s);
    assert.equal((await service.call<{ state: string }>('GET', `/v1/snapshots/${body.subject}`)).state, 'failed');
  });

  test('is gone when its sender breaks off, or greenroom is killed, in the middle', async () => {
    for (const kill of [false, true]) {
      const sending = request(`${service.url}${sources}/sent/snapshots`, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/octet-stream' },
      });
      sending.on('error', () => {});
      sending.write(custom.subarray(0, 100_000));
      await until(async () => (await roomsLeft())[0]?.State === 'running');
      if (kill) await service.kill('SIGKILL');
      else sending.destroy();
      await until(async () => (await roomsLeft()).length === 0);
      sending.destroy();
      if (kill) await service.start();
    }
    const { items } = await service.call<{ items: { state: string }[] }>('GET', '/v1/snapshots');
    assert.ok(!items.some(({ state }) => state === 'capturing'));
  });
});

describe('a dump on an SSH host', () => {
  let ssh: object;

  before(async () => {
    const { secret, line } = await machine.makeKey('ed25519');
    await machine.authorize(`restrict ${line}`);
    await machine.run(['usermod', '--shell', '/bin/sh', 'courier']);
    ssh = { host: machine.address, user: 'courier', privateKey: secret, hostKey: machine.keys.ed25519.line };
    const put = async (bytes: Buffer, script: string) => {
      await machine.run(['sh', '-c', `base64 -d | (${script})`], { input: bytes.toString('base64') });
    };
    await put(custom, "mkdir -p /backups && cat > '/backups/it'\\''s one.dump'");
    await put(plain, 'cat > /backups/plain.sql');
    await put(folder, 'tar -x -C /backups -f -');
    await machine.run(['sh', '-c', 'chmod -R a+rX /backups; touch /backups/secret; chmod 600 /backups/secret']);
  });

  const captured = async (name: string, onHost: string) => {
    await service.call('POST', sources, { name, dump: { onHost }, ssh, policy });
    return service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: name });
  };

  for (const [name, path, format] of [
    ['file', "/backups/it's one.dump", 'custom'],
    ['script', '/backups/plain.sql', 'plain'],
    ['folder', '/backups/folder', 'directory'],
  ] as const)
    test(`${name}: is fetched and captured`, async () => {
      const { accepted } = await machine.logins();
      const { subject } = await service.follow(await captured(name, path));
      const report = await service.call<Report>('GET', `/v1/snapshots/${subject}/report`);
      assert.deepEqual([report.dump.format, report.source.server], [format, `${machine.address}:${path}`]);
      assert.ok(rowsOf(report) > 1000);
      await until(async () => (await machine.logins()).over === accepted + 1);
      assert.deepEqual(await roomsLeft(), []);
    });

  test('that is not there, or may not be read, is named', async () => {
    for (const [name, path, why] of [
      ['nowhere', '/backups/nowhere', /No such file/],
      ['secret', '/backups/secret', /Permission denied/],
    ] as const) {
      await assert.rejects(service.follow(await captured(name, path)), (error: Error) => {
        assert.match(error.message, why);
        return error.message.includes(path);
      });
      assert.deepEqual(await roomsLeft(), []);
    }
  });
});

test('a source is a server or a dump, and each is asked for what it is', async () => {
  const ask = async (path: string, body: object) => {
    const response = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Problem;
    return [response.status, answer.code, answer.where];
  };
  const url = production.url;
  assert.equal((await ask(sources, { name: 'both', url, dump: {} }))[0], 400);
  assert.equal((await ask(sources, { name: 'neither' }))[0], 400);
  assert.equal((await ask(sources, { name: 'odd', dump: { onHost: 'relative/path' } }))[0], 400);
  assert.deepEqual(await ask(sources, { name: 'alone', dump: { onHost: '/x' } }), [400, 'invalid-request', '/ssh']);
  assert.deepEqual(await ask(sources, { name: 'tls', dump: {}, tls: {} }), [400, 'invalid-request', '/tls']);
  assert.deepEqual(await ask('/v1/snapshots', { project: 'shop', source: 'sent' }), [409, 'conflict', '/source']);
  assert.equal((await ask(`${sources}/sent/probe`, {}))[1], 'source-refused');
  await service.call('POST', sources, { name: 'server', url, policy });
  const wrong = await send(custom, `${sources}/server/snapshots`);
  assert.deepEqual([wrong.status, wrong.body.code], [409, 'conflict']);
  const shown = await service.call<object>('GET', `${sources}/sent`);
  assert.ok(!('server' in shown) && 'dump' in shown);
});
