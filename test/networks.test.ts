import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type OpenDatabase, openDatabase } from '../services/database/open.ts';
import { queryOne } from '../services/database/queries.ts';
import { removeInstallation } from '../services/engine/clean-up.ts';
import type { Host } from '../services/engine/host.ts';
import { labelsOf } from '../services/engine/labels.ts';
import { blocksOf } from '../services/engine/networks.ts';
import { ensureNetwork } from '../services/engine/subnets.ts';
import { startPostgres, type TestPostgres, testHost } from './support/postgres.ts';

let postgres: TestPostgres;
let database: OpenDatabase;
let host: Host;
before(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('greenroom', '');
  database = await openDatabase({ connectionString: postgres.url('greenroom') }, 1, () => {});
  const row = await queryOne<{ id: string }>(database.pool, 'ensure-host', ['local']);
  host = { ...testHost(), id: row!.id };
});
after(async () => {
  await removeInstallation(host.docker, host.installation);
  await database?.pool.end();
  await postgres?.remove();
});

async function ensured(range: string, name: string): Promise<{ Subnet: string; Gateway: string }> {
  const full = `${host.installation}-${name}`;
  await ensureNetwork(database.pool, host, range, name, {
    ...{ name: full, internal: true },
    labels: labelsOf(host.installation, 'stack', {}),
  });
  const { IPAM: ipam } = await host.docker.getNetwork(full).inspect();
  return ipam!.Config![0] as { Subnet: string; Gateway: string };
}
const remove = (name: string) => host.docker.getNetwork(`${host.installation}-${name}`).remove();

test('a network that is made again is not put where it was: the kernel may have kept its bridge', async () => {
  const range = '10.213.240.0/24';
  const first = await ensured(range, 'a');
  assert.deepEqual(await ensured(range, 'a'), first, 'what is there is found');
  for (let round = 0; round < 5; round++) {
    const before = await ensured(range, 'a');
    await remove('a');
    assert.notEqual((await ensured(range, 'a')).Subnet, before.Subnet);
  }
});

test('the gateway is said: an engine that chose it would not start after it was killed in the middle of a removal', async () => {
  const { Subnet: subnet, Gateway: gateway } = await ensured('10.213.244.0/24', 'b');
  assert.equal(
    gateway,
    subnet.replace(/\.(\d+)\/26$/, (_, last) => `.${Number(last) + 1}`),
  );
});

test('every block of a range is used, its only one again and again; then it is said that there is none', async () => {
  const range = '10.213.245.0/25';
  const subnets = await Promise.all([ensured(range, 'c'), ensured(range, 'd')]);
  assert.deepEqual(subnets.map(({ Subnet }) => Subnet).sort(), [...blocksOf(range)]);
  await assert.rejects(ensured(range, 'e'), { code: 'conflict', message: /No free subnet is left/ });
  await remove('d');
  assert.deepEqual(await ensured(range, 'd'), subnets[1]);
});
