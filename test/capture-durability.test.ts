import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { withAlteredImage } from './support/altered-image.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, policy, reader, refusedCapture, schema } from './support/source.ts';

const hosts = [testHost(), testHost(), testHost()] as const;
let production: TestPostgres;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase('shop', schema);
});

after(async () => {
  await production?.remove();
  for (const { installation } of hosts) await removeInstallation(docker, installation);
  await rm(tmpdir(), { recursive: true });
});

/** Where a file counts how often it was called, and the disk fails the nth time, and that time only, as the kernel says it once. */
const failing = (
  nth: number,
) => `mv "$(command -v sync)" /opt/sync && cat > /usr/bin/sync <<'END' && chmod 755 /usr/bin/sync
#!/bin/sh
echo >> /dev/shm/syncs
test "$(wc -l < /dev/shm/syncs)" = ${nth} && echo "sync: error syncing '$2': Input/output error" >&2 && exit 1
exec /opt/sync "$@"
END`;

for (const [index, when] of ['ahead, while the result is searched', 'in the end'].entries()) {
  test(`a disk that does not take what is written to it ${when} fails the capture, and nothing of it is left`, async () => {
    await withAlteredImage(failing(index + 1), async (helperImage) => {
      const host = { ...hosts[index]!, helperImage };
      const problem = await refusedCapture(
        captureOf(host, { url: production.url('shop', reader) }, { policy }),
        production,
      );
      assert.equal(problem.code, 'capture-failed');
      assert.match(problem.message, /does not reach the disk: sync: error syncing .*Input\/output error/);
      assert.match(problem.toDocument().remedy!, /kernel’s log/);
      await removeInstallation(docker, host.installation);
    });
  });
}

test('it is written twice, and not more often', async () => {
  await withAlteredImage(failing(3), async (helperImage) => {
    const host = { ...hosts[2], helperImage };
    const options = captureOf(host, { url: production.url('shop', reader) }, { policy });
    assert.ok(await captureDatabase(options));
    await removeInstallation(docker, host.installation);
  });
});
