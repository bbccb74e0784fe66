import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { extract, type Headers, pack } from 'tar-stream';
import type { Operation } from '../examples/demo/client.ts';
import type { components } from '../openapi/types.ts';
import { differencesBetween, readContent } from '../services/backups/content.ts';
import { exec } from '../services/engine/exec.ts';
import { type Boundary, openBoundary } from './support/boundary.ts';
import { deploymentsOn } from './support/deployments.ts';
import { docker, startService, type TestService, until } from './support/service.ts';
import { capture, createShop, createStack, type Production, startProduction } from './support/shop.ts';
import { traces } from './support/traces.ts';

type Schemas = components['schemas'];

let service: TestService;
let production: Production;
let boundary: Boundary;
let on: ReturnType<typeof deploymentsOn>;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  on = deploymentsOn(service);
  await createShop(service);
  await capture(service, production);
  boundary = await openBoundary(service);
  await createStack(service, 'qa', { kind: 'persistent', healthTimeoutSeconds: 30 });
  await on.onDatabase('qa', (client) => client.query(kinds));
});
after(async () => {
  await boundary.close();
  await production.remove();
  await service.remove();
});

/** What a dump has to carry beside ordinary tables; the first two are what Postgres writes otherwise after a restore. */
const kinds = `
  CREATE TABLE shop.odd (
    state varchar(20) CHECK (state IN ('new', 'old')), at timestamptz CHECK (at > '2020-01-01'::date),
    "Größe (cm)" numeric, tags text[], doc jsonb, bytes bytea, doubled int GENERATED ALWAYS AS (3 * 2) STORED);
  INSERT INTO shop.odd VALUES ('new', '2024-02-29 12:00+00', 1.50, '{a,"b c",NULL}', '{"k": [1, null]}', '\\x00ff');
  CREATE VIEW shop.odd_view AS SELECT state, "Größe (cm)" FROM shop.odd WHERE state::text IN ('new', 'old');
  CREATE TABLE shop.parted (id bigint GENERATED ALWAYS AS IDENTITY, at date) PARTITION BY RANGE (at);
  CREATE TABLE shop.parted_2024 PARTITION OF shop.parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  INSERT INTO shop.parted (at) SELECT '2024-01-01'::date + i FROM generate_series(0, 99) i;
  CREATE ROLE auditor; GRANT SELECT ON shop.odd TO auditor;
  ALTER TABLE shop.odd ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON shop.odd TO auditor USING (state = 'new');
  SELECT lo_from_bytea(0, 'a large object');`;

const take = async (forms: Schemas['BackupForm'][]): Promise<Schemas['Backup']> => {
  const { result } = await on.done('POST', '/v1/backups', { stack: 'qa', forms });
  return service.call('GET', `/v1/backups/${result!.backup}`);
};
const everything = () =>
  traces({ docker, installation: service.installation, rows: boundary.rows, source: production.url });

test('a backup on request is a dump, a clone or both, each restored and compared before it counts', async () => {
  for (const forms of [['dump'], ['clone'], ['clone', 'dump']] as const) {
    const backup = await take([...forms]);
    assert.equal(backup.state, 'verified', forms.join());
    assert.equal(backup.purpose, 'request');
    assert.deepEqual(backup.forms, forms);
    assert.equal(backup.dumpBytes !== undefined && backup.dumpBytes > 10_000, forms.includes('dump' as never));
    assert.equal(backup.cloneMode !== undefined, forms.includes('clone' as never));
    assert.equal(backup.freezeMs! > 0, forms.includes('clone' as never), 'a dump alone keeps nobody from writing');
  }
});

test('a dump is taken while somebody writes: it holds one moment', async () => {
  await on.onDatabase('qa', async (writer) => {
    await writer.query('BEGIN; DELETE FROM shop.parted WHERE id = 1');
    const backup = await take(['dump']);
    assert.equal(backup.state, 'verified');
    await writer.query('ROLLBACK');
  });
});

test('backups of a stack that is in use hold one moment: rows come and go, sequences go on', async () => {
  const busy = await on.connectTo('qa');
  await busy.query('CREATE TABLE shop.busy (id bigserial PRIMARY KEY, at timestamptz DEFAULT now())');
  let [going, rounds] = [true, 0];
  const writing = (async () => {
    for (; going; rounds++) {
      await busy.query(`INSERT INTO shop.busy DEFAULT VALUES; SELECT nextval('shop.busy_id_seq')`);
      if (rounds % 50 === 0) await busy.query('DELETE FROM shop.busy');
    }
  })();
  try {
    for (const forms of [['dump'], ['clone'], ['clone', 'dump']] as const)
      assert.equal((await take([...forms])).state, 'verified', forms.join());
  } finally {
    going = false;
    await writing;
    await busy.query('DROP TABLE shop.busy');
    await busy.end();
  }
  assert.ok(rounds > 100);
});

test('a stack is restored from a dump: every table, sequence, large object, owner, grant and policy', async () => {
  const backup = await take(['dump']);
  const content = await on.contentOf('qa');
  await on.onDatabase('qa', (client) =>
    client.query(`DELETE FROM shop.parted; DROP VIEW shop.odd_view; UPDATE shop.customers SET full_name = 'lost'`),
  );
  const before = await everything();
  await on.done('POST', '/v1/stacks/qa/restore', { backup: backup.id });
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa'), 'dump'), []);
  await on.onDatabase('qa', async (client) => {
    const { rows } = await client.query(
      `SELECT has_table_privilege('auditor', 'shop.odd', 'SELECT') AS granted,
         (SELECT count(*)::int FROM pg_policies WHERE 'auditor' = ANY (roles)) AS policies,
         (SELECT tableowner FROM pg_tables WHERE tablename = 'customers' AND schemaname = 'shop') AS owner`,
    );
    assert.deepEqual(rows[0], { granted: true, policies: 1, owner: 'shop' });
  });
  assert.equal((await fetch(`${service.url}/s/qa/api/customers?limit=1`)).status, 200);
  assert.deepEqual(await everything(), before, 'what it was restored through is gone');
});

test('what a restored dump lacks is told apart from what Postgres only writes otherwise', async () => {
  let content = await on.contentOf('qa');
  for (const [sql, says] of [
    ['DELETE FROM shop.parted WHERE id = 2', /parted_2024: 99 rows instead of 100/],
    ['DROP POLICY own ON shop.odd', /schema: objects or their definitions differ/],
    [`ALTER TABLE shop.odd ADD CHECK (state <> 'x')`, /schema: objects or their definitions differ/],
    [`UPDATE shop.odd SET doc = '{"k": [2, null]}'`, /shop.odd: the content of rows differs/],
    [`SELECT lo_put(oid, 0, 'A') FROM pg_largeobject_metadata`, /large objects differ/],
  ] as const) {
    await on.onDatabase('qa', async (client) => {
      await client.query(sql);
      const found = differencesBetween(content, await readContent(client), 'dump');
      assert.match(found.map(({ where, what }) => `${where}: ${what}`).join('; '), says, sql);
    });
    content = await on.contentOf('qa');
  }
});

test('a damaged dump keeps a deployment from migrating anything', async () => {
  await on.setPolicy({ backups: ['clone', 'dump'] });
  const content = await on.contentOf('qa');
  const operation = await on.deploy('qa', 'v1');
  await boundary.at('stack.deploy', 'backup', async () => {
    const { id } = await on.lastRun('qa');
    const volume = `gr-${service.installation}-${id.replace('run-', 'bak-')}-dump`;
    const { Mountpoint: mountpoint } = await docker.getVolume(volume).inspect();
    const command = ['sh', '-c', `rm ${mountpoint}/dump/toc.dat`];
    assert.equal((await exec({ docker }, `gr-${service.installation}-helper`, { command })).exitCode, 0);
  });
  const failed = await on.ended(operation);
  assert.equal(failed.error!.code, 'backup-damaged');
  assert.match(failed.error!.detail, /The dump of .* toc.dat: the file is missing/);
  assert.ok(!failed.steps.some(({ name }) => name === 'migrate'));
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa')), []);
});

test('a project whose backups are dumps alone gets its data back from one when a deployment fails', async () => {
  await on.setPolicy({ backups: ['dump'], keepBackups: 1 });
  const content = await on.contentOf('qa');
  const failed = await on.ended(await on.deploy('qa', 'v2-enum'));
  assert.equal(failed.error!.code, 'migration-failed');
  const { report, reasons } = await on.lastRun('qa');
  assert.match(reasons!.join('; '), /put back from the backup, equal in content/);
  assert.equal(report.data!.equal, true);
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa'), 'dump'), []);
  assert.equal((await on.versionAnswered('qa')).version, 'v0');
  assert.equal((await on.backupsOf('qa')).filter(({ kept }) => !kept).length, 1, 'as many as the project keeps');
});

test('a drill recovers the newest backup beside the stack, measures it and keeps what it found', async () => {
  const backup = await take(['clone', 'dump']);
  const { result } = await on.done('POST', '/v1/stacks/qa/drills');
  assert.equal(result!.passed, true);
  const drill = await service.call<Schemas['Drill']>('GET', `/v1/drills/${result!.drill}`);
  assert.equal(drill.state, 'passed');
  assert.equal(drill.backup, backup.id);
  assert.deepEqual(
    drill.report!.forms.map(({ form, differences }) => [form, differences.length]),
    [
      ['clone', 0],
      ['dump', 0],
    ],
  );
  for (const { recoverMs, compareMs } of drill.report!.forms) assert.ok(recoverMs! > 0 && compareMs! > 0);
  assert.equal(drill.report!.rows, backup.rows);
  const { items } = await service.call<{ items: Schemas['Drill'][] }>('GET', '/v1/drills?stack=qa');
  assert.deepEqual(items, [drill]);
});

test('a drill on a damaged backup fails, and says what is lost', async () => {
  const backup = await take(['dump']);
  const { Mountpoint: mountpoint } = await docker.getVolume(`gr-${service.installation}-${backup.id}-dump`).inspect();
  const command = ['sh', '-c', `cd ${mountpoint}/dump; rm "$(ls *.dat.gz | head -n 1)"`];
  assert.equal((await exec({ docker }, `gr-${service.installation}-helper`, { command })).exitCode, 0);
  const { result } = await on.done('POST', '/v1/stacks/qa/drills');
  const drill = await service.call<Schemas['Drill']>('GET', `/v1/drills/${result!.drill}`);
  assert.equal(drill.state, 'failed');
  assert.match(drill.error!.detail, /\.dat\.gz: the file is missing/);
  assert.equal((await service.call<Schemas['Backup']>('GET', `/v1/backups/${backup.id}`)).state, 'damaged');
});

test('a project’s schedule asks for drills of its persistent stacks by itself, once in its time', async () => {
  await take(['clone']);
  await boundary.rows('DELETE FROM drills');
  await on.setPolicy({ drillEveryHours: 1 });
  const drills = async () => (await service.call<{ items: Schemas['Drill'][] }>('GET', '/v1/drills?stack=qa')).items;
  await until(async () => (await drills())[0]?.state === 'passed');
  const { id } = (await drills())[0]!;
  const { items } = await service.call<{ items: Operation[] }>('GET', `/v1/operations?subject=${id}`);
  assert.equal(items[0]!.requestedBy, 'greenroom (schedule)');
  await on.setPolicy({});
  assert.equal((await drills()).length, 1);
});

const headers = (type?: string) => ({
  authorization: `Bearer ${service.token}`,
  ...(type ? { 'content-type': type } : {}),
});
const send = (body: Buffer, type = 'application/x-tar') =>
  fetch(`${service.url}/v1/stacks/qa/backups`, { method: 'POST', headers: headers(type), body });

interface Entry {
  header: Headers;
  content: Buffer;
}
async function unpack(archive: Buffer): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of Readable.from(archive).pipe(extract()))
    entries.push({ header: entry.header, content: await buffer(entry) });
  return entries;
}
async function packed(entries: Entry[]): Promise<Buffer> {
  const archive = pack();
  const collected = buffer(archive);
  for (const { header, content } of entries) archive.entry({ ...header, size: content.length }, content);
  archive.finalize();
  return collected;
}

test('a dump is exported as a file that pg_restore reads, and imported for a stack to be restored from', async () => {
  const backup = await take(['dump']);
  const content = await on.contentOf('qa');
  const answer = await fetch(`${service.url}/v1/backups/${backup.id}/export`, { headers: headers() });
  assert.equal(answer.headers.get('content-type'), 'application/x-tar');
  assert.match(answer.headers.get('content-disposition')!, new RegExp(`${backup.id}.tar`));
  const archive = Buffer.from(await answer.arrayBuffer());
  const toc = (await unpack(archive)).find(({ header }) => header.name === 'dump/toc.dat')!;
  const database = `gr-${service.installation}-qa_postgres-1`;
  const command = ['sh', '-c', 'mkdir -p /tmp/x && cat > /tmp/x/toc.dat && pg_restore --list /tmp/x'];
  const { stdout } = await exec({ docker }, database, { command, input: toc.content });
  assert.match(stdout, /TABLE DATA shop customers/);

  await on.done('DELETE', `/v1/backups/${backup.id}`);
  await on.onDatabase('qa', (client) => client.query('DELETE FROM shop.parted'));
  const before = await everything();
  const sent = await send(archive);
  assert.equal(sent.status, 201);
  const imported = (await sent.json()) as Schemas['Backup'];
  assert.deepEqual([imported.state, imported.purpose, imported.rows], ['taken', 'import', backup.rows]);
  await on.done('POST', `/v1/backups/${imported.id}/verify`);
  await on.done('POST', '/v1/stacks/qa/restore', { backup: imported.id });
  assert.deepEqual(differencesBetween(content, await on.contentOf('qa'), 'dump'), []);
  await on.done('DELETE', `/v1/backups/${imported.id}`);
  assert.deepEqual(await everything(), before);
});

test('a dump with more files than fit into a message of the engine is read to its end', async () => {
  const objects = 12_000;
  await on.onDatabase('qa', (client) =>
    client.query(`SELECT lo_from_bytea(0, int4send(i)) FROM generate_series(1, ${objects}) i`),
  );
  const backup = await take(['dump']);
  const [{ files }] = (await boundary.rows<{ files: number }>(
    `SELECT count(*)::int AS files FROM backups, jsonb_object_keys(dump -> 'files') WHERE id = '${backup.id}'`,
  )) as [{ files: number }];
  assert.ok(files > objects, `${files} files`);
  const { Mountpoint: mountpoint } = await docker.getVolume(`gr-${service.installation}-${backup.id}-dump`).inspect();
  const command = ['sh', '-c', `cd ${mountpoint}/dump; rm "$(ls | grep blob_ | head -n 1)"`];
  assert.equal((await exec({ docker }, `gr-${service.installation}-helper`, { command })).exitCode, 0);
  const failed = await on.ended(await service.call<Operation>('POST', `/v1/backups/${backup.id}/verify`));
  assert.match(failed.error!.detail, /blob_.*the file is missing/);
  await on.onDatabase('qa', (client) => client.query('SELECT lo_unlink(oid) FROM pg_largeobject_metadata'));
});

test('who leaves in the middle of an export or an import leaves nothing behind', async () => {
  const backup = await take(['dump']);
  const before = await everything();
  const leaving = new AbortController();
  const answer = await fetch(`${service.url}/v1/backups/${backup.id}/export`, {
    headers: headers(),
    signal: leaving.signal,
  });
  const archive: Buffer[] = [];
  for await (const chunk of answer.body!) archive.push(Buffer.from(chunk));
  const whole = Buffer.concat(archive);
  const again = await fetch(`${service.url}/v1/backups/${backup.id}/export`, {
    headers: headers(),
    signal: leaving.signal,
  });
  await again.body!.getReader().read();
  leaving.abort();
  const sending = new AbortController();
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(whole.subarray(0, whole.length - 30_000));
    },
  });
  const options = {
    method: 'POST',
    headers: headers('application/x-tar'),
    body,
    signal: sending.signal,
    duplex: 'half',
  };
  const sent = fetch(`${service.url}/v1/stacks/qa/backups`, options as RequestInit);
  await until(async () => (await on.backupsOf('qa')).some(({ state }) => state === 'importing'));
  sending.abort();
  await assert.rejects(sent);
  await until(async () => isDeepStrictEqual(await everything(), before));
  assert.equal(service.starts(), 1);
});

test('an archive that is not as it was exported is refused whole, and says which file', async () => {
  const backup = await take(['dump']);
  const answer = await fetch(`${service.url}/v1/backups/${backup.id}/export`, { headers: headers() });
  const entries = await unpack(Buffer.from(await answer.arrayBuffer()));
  // What it was exported by goes a moment after the last byte.
  await until(async () => (await everything()).containers.every((container) => !container.includes('-dump-')));
  const before = await everything();
  const described = (change: (description: Record<string, never>) => void): Entry[] => {
    const [first, ...rest] = entries;
    const description = JSON.parse(first!.content.toString());
    change(description);
    return [{ header: first!.header, content: Buffer.from(JSON.stringify(description)) }, ...rest];
  };
  const file = entries.find(({ header }) => header.name.endsWith('.dat.gz'))!;
  const flipped = Buffer.from(file.content);
  flipped[20]! ^= 4;
  const described0 = JSON.parse(entries[0]!.content.toString());
  const endless = { ...described0.content, tables: { a: { rows: 1e308, hash: '' }, b: { rows: 1e308, hash: '' } } };
  const cases: [string, Entry[] | Buffer, RegExp][] = [
    ['a flipped bit', entries.map((one) => (one === file ? { ...file, content: flipped } : one)), /checksum/],
    ['a missing file', entries.filter((one) => one !== file), /dat\.gz is missing/],
    ['a file twice', [...entries, file], /no file of the dump, or comes twice/],
    [
      'one too many',
      [...entries, { header: { name: 'dump/evil' }, content: Buffer.from('x') }],
      /dump\/evil is no file/,
    ],
    [
      'a way out',
      [...entries, { header: { name: 'dump/../../../etc/cron.d/x' }, content: Buffer.from('x') }],
      /is no file of the dump/,
    ],
    [
      'a link in a file’s place',
      entries.map((one) =>
        one === file
          ? { header: { name: file.header.name, type: 'symlink', linkname: '/etc/passwd' }, content: Buffer.alloc(0) }
          : one,
      ),
      /is no file of the dump/,
    ],
    ['no description', entries.slice(1), /comes before greenroom-backup.json/],
    ['a later Postgres', described((one) => Object.assign(one, { postgresMajor: 99 })), /of Postgres 99/],
    ['another format', described((one) => Object.assign(one, { format: 2 })), /\/format must be equal to constant/],
    [
      'a name that leads out',
      described((one) => Object.assign((one as unknown as { dump: { files: object } }).dump.files, { '../x': file })),
      /greenroom-backup.json/,
    ],
    ['rows beyond all numbers', described((one) => Object.assign(one, { content: endless })), /rows must be <= /],
    ['no archive', Buffer.from('nothing of the kind'.repeat(100)), /no backup that greenroom exported|comes before/],
    ['nothing', Buffer.alloc(0), /has no greenroom-backup.json/],
    ['one that is cut', (await packed(entries)).subarray(0, 20_000), /no backup|is missing/],
  ];
  for (const [what, sent, says] of cases) {
    const refused = await send(Buffer.isBuffer(sent) ? sent : await packed(sent));
    const problem = (await refused.json()) as Schemas['Problem'];
    assert.ok(
      refused.status === 400 || refused.status === 409,
      `${what}: ${refused.status} ${JSON.stringify(problem)}`,
    );
    assert.match(problem.detail, says, what);
    assert.ok(problem.remedy, what);
  }
  assert.equal((await send(Buffer.from('{}'), 'application/json')).status, 415);
  assert.deepEqual(await everything(), before, 'nothing of any of them is left');
});
