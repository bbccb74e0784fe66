import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { captureDatabase } from '../../services/snapshots/capture/capture.ts';
import { previewTable } from '../../services/sources/preview.ts';
import { probeSource } from '../../services/sources/probe.ts';
import { suggestForSource } from '../../services/sources/suggestion.ts';
import { docker, startPostgres, testHost } from '../support/postgres.ts';
import { imageOf, olderMajors } from '../support/postgres-versions.ts';
import { captureOf, reader, refusal } from '../support/source.ts';

const host = testHost();
before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
});
after(async () => {
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

/** A login that may read it all is a superuser, before Postgres 14 without pg_read_all_data. */
const schema = `
CREATE ROLE reader SUPERUSER LOGIN PASSWORD '${reader.password}';
CREATE SCHEMA app;
CREATE TYPE app.span AS RANGE (subtype = numeric);
CREATE TABLE app.people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE, town text, spent app.span, double int GENERATED ALWAYS AS (3) STORED);
CREATE STATISTICS app.together (dependencies) ON email, town FROM app.people;
INSERT INTO app.people (email, town, spent) SELECT 'anna' || n || '@mail.example', 'town ' || n % 7, '[1,2)' FROM generate_series(1, 500) n;
CREATE TABLE app.visits (at date NOT NULL, person int REFERENCES app.people) PARTITION BY RANGE (at);
CREATE TABLE app.visits_2023 PARTITION OF app.visits FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
INSERT INTO app.visits SELECT '2023-01-01'::date + n % 300, n FROM generate_series(1, 500) n;
CREATE VIEW app.towns AS SELECT DISTINCT town FROM app.people;
ANALYZE;
`;
const keep = { keep: 'says nothing about anybody' };
const policy = {
  tables: {
    'app.people': { id: keep, email: { mask: 'email' }, town: { mask: 'shuffle' }, spent: keep },
    'app.visits': { at: keep, person: keep },
  },
};

for (const major of olderMajors) {
  test(`a source of Postgres ${major} is probed, suggested for, previewed and captured`, async () => {
    const production = await startPostgres({ image: await imageOf(major) });
    try {
      await production.createDatabase('shop', schema);
      const address = { url: production.url('shop', reader) };
      const probe = await probeSource(address);
      assert.deepEqual([probe.readable, Number.parseInt(probe.version, 10)], [true, major]);
      const { proposals } = await suggestForSource(address, undefined);
      assert.deepEqual(proposals.find(({ column }) => column === 'email')!.rule, { mask: 'email' });
      const key = Buffer.alloc(32, 'k');
      assert.equal((await previewTable({ address, key, policy }, 'app.people', 5)).rows.length, 5);
      const { tables } = await captureDatabase(captureOf(host, address, { policy }));
      assert.deepEqual(
        tables.map(({ name, rows }) => [name, rows]),
        [
          ['app.people', 500],
          ['app.visits_2023', 500],
        ],
      );
    } finally {
      await production.remove();
    }
  });
}

test('an older one is refused by name', async () => {
  const production = await startPostgres({ image: await imageOf(11) });
  try {
    const problem = await refusal(probeSource({ url: production.url('postgres') }));
    assert.equal(problem.code, 'source-refused');
    assert.match(problem.message, /Postgres 11\.\d+, and greenroom reads 12 and later/);
  } finally {
    await production.remove();
  }
});
