import assert from 'node:assert/strict';
import dns from 'node:dns';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { holdTable } from '../services/snapshots/capture/copy-session.ts';
import { dumpProblem } from '../services/snapshots/capture/schema.ts';
import { inReadOnlyTransaction } from '../services/sources/session.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, reader, refusal, schema } from './support/source.ts';

const host = testHost();
let production: TestPostgres;
let other: TestPostgres;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  [production, other] = await Promise.all([startPostgres(), startPostgres()]);
  for (const server of [production, other]) await server.createDatabase('shop', schema);
});
after(async () => {
  mock.restoreAll();
  await production?.remove();
  await other?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

test('a name that stands for another server from one moment to the next: a capture reads the one it came to first', async () => {
  let asked = 0;
  const lookup = (
    name: string,
    options: dns.LookupOptions,
    done: (error: Error | null, address: string | dns.LookupAddress[], family?: number) => void,
  ) => {
    assert.equal(name, 'endpoint.example');
    const { address } = asked++ === 0 ? production : other;
    if (options.all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };
  // A thread has its own, which knows no such name.
  const mocked = mock.method(dns, 'lookup', lookup as never);
  try {
    const url = production.url('shop', reader).replace(production.address, 'endpoint.example');
    const { tables, source } = await captureDatabase(captureOf(host, { url, limits: { workers: 2 } }));
    assert.deepEqual(
      tables.map(({ rows }) => rows),
      [1000, 1000, 1000, 1000],
    );
    assert.equal(source.server, 'endpoint.example:5432');
    assert.equal(asked, 1);
  } finally {
    mocked.mock.restore();
  }
});

const remedy = /Every connection has to reach the same server/;
const snapshots = { 'another server’s': '00000003-0000001B-1', 'no server’s': 'none' };

for (const [what, snapshot] of Object.entries(snapshots)) {
  test(`a session that is to read ${what} snapshot says that it is on another server`, async () => {
    const task = { schema: 'app', table: 'a', columns: ['id'], format: 'text' as const, oid: 1, filenode: 1, index: 0 };
    const reading = inReadOnlyTransaction({ url: production.url('shop', reader) }, 10_000, (client) =>
      holdTable(client, snapshot, task),
    );
    const problem = await refusal(reading);
    assert.equal(problem.code, 'source-refused');
    assert.match(problem.remedy!, remedy);
  });

  test(`pg_dump that is to read ${what} snapshot, too`, async () => {
    const dump = ['pg_dump', '-U', 'postgres', '--schema-only', `--snapshot=${snapshot}`, 'shop'];
    const stderr = await production.run(dump).then(
      () => '',
      (error: Error) => error.message,
    );
    assert.match(dumpProblem(stderr, 'endpoint.example:5432').remedy!, remedy);
  });
}
