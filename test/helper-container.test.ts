import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { runInHelper } from '../services/engine/helper.ts';
import { testHost } from './support/postgres.ts';

const host = testHost();
after(() => removeInstallation(host.docker, host.installation));

test('many that need the helper container at once, before there is one, all get it', async () => {
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => runInHelper(host, ['echo', String(i)])));
    assert.deepEqual(
      answers.map(({ exitCode, stdout }) => [exitCode, stdout.trim()]),
      answers.map((_, i) => [0, String(i)]),
    );
    await removeInstallation(host.docker, host.installation);
  }
});
