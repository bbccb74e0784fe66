import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import { boundary, everything, killAtEveryBoundary, service, stackAnswers } from '../support/kills.ts';
import { startService, until } from '../support/service.ts';

killAtEveryBoundary(['stack.create', 'stack.reset', 'stack.restore', 'stack.delete']);

test('two processes on one database: when one is killed, the other finishes what it had begun', async () => {
  const clean = await everything();
  const second = await startService(
    {
      GREENROOM_HOME: service.home,
      GREENROOM_DB_CONTAINER: service.databaseContainer,
    },
    { token: service.token },
  );
  try {
    const names = ['t1', 't2', 't3', 't4'];
    const asked = await Promise.all(
      names.map((name) =>
        service.call<Operation>('POST', '/v1/stacks', { name, project: 'shop', release: { version: 'v0' } }),
      ),
    );
    await until(async () => {
      const rows = await boundary.rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM operation_steps s JOIN operations o ON o.id = s.operation WHERE o.state = 'running'`,
      );
      return rows[0]!.n >= 4;
    });
    await service.kill('SIGKILL');
    for (const { id } of asked) {
      await until(async () => (await second.call<Operation>('GET', `/v1/operations/${id}`)).state === 'succeeded');
    }
    await service.start();
    for (const name of names) await stackAnswers(name);
    await until(async () => (await everything()).locks === 0);
    assert.deepEqual(await everything(), clean);
  } finally {
    await second.kill('SIGKILL');
  }
});
