import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { pathInHelper, runInHelper } from '../services/engine/helper.ts';
import { emptyClusterOf, removeStaleClusters } from '../services/snapshots/capture/empty-cluster.ts';
import { emptyClusterMount } from '../services/snapshots/capture/initialise.ts';
import { connectLogin } from '../services/snapshots/capture/login.ts';
import {
  connectTarget,
  finishTarget,
  onTarget,
  removeTarget,
  runInTarget,
  startTarget,
  type Target,
  type TargetSpec,
} from '../services/snapshots/capture/target.ts';
import { withAlteredImage } from './support/altered-image.ts';
import { docker, startPostgres, testHost } from './support/postgres.ts';
import { captureOf, refusal } from './support/source.ts';

const host = testHost();
const { signal } = new AbortController();
const superuser = 'odd user';
/** Words of a shell. Passwords are stored otherwise than by default. */
const initdbArgs = `--data-checksums --auth-host=md5 --lc-numeric='C' --set "application_name=a 'b'"`;

after(() => removeInstallation(docker, host.installation));

const specOf = (more: Partial<TargetSpec> = {}): TargetSpec => ({
  ...captureOf(host, { url: 'postgres://nowhere' }).target,
  ...{ superuser, initdbArgs, network: 'bridge', mounts: [], failure: 'capture-failed', ...more },
});

const keptFor = async (spec: TargetSpec) =>
  emptyClusterOf(host, { ...spec, image: (await docker.getImage(spec.image).inspect()).Id });

/** What makes clusters differ beside their identifier and passwords: files, their owners and modes, who may connect, settings. */
const look = `cd "$PGDATA" && find . -path ./base -prune -o -printf '%p %u %m\\n' | grep -vE 'pg_wal/0|pgsql_tmp|postmaster|pg_internal|pg_stat|pg_notify|pg_subtrans|current_logfiles' | sort &&
  stat -c '%n %U %a' . && cat pg_hba.conf postgresql.conf | grep -v '^ *#' && pg_controldata | grep -E 'checksum|Bytes per WAL'`;

async function withTarget<T>(spec: TargetSpec, work: (target: Target) => Promise<T>): Promise<T> {
  try {
    return await work(await startTarget(host, spec, signal));
  } finally {
    await removeTarget(host, spec);
  }
}

/** Its entrypoint has a way of its own. */
const withoutGosu = `mv "$(command -v gosu)" /opt/become && sed -i 's#exec gosu#exec /opt/become#' "$(command -v docker-entrypoint.sh)"`;

describe('a snapshot’s cluster', () => {
  test('is the one that the image makes of an empty volume, made once and copied from then on', async () => {
    const theirs = await startPostgres({
      superuser,
      environment: { POSTGRES_INITDB_ARGS: `${initdbArgs} --no-sync`, POSTGRES_DB: 'postgres' },
    });
    try {
      const expected = await theirs.run(['sh', '-c', look]);
      const passwords = new Set<string>();
      const systems = new Set<string>();
      const whole = async (target: Target) => {
        const { stdout, stderr } = await runInTarget(target, ['sh', '-c', look], {}, signal);
        assert.equal(stderr, '');
        assert.equal(stdout, expected);
        assert.match(stdout, /host all all all md5/);
        const client = await connectTarget(target, 'postgres');
        const { rows } = await client.query(
          `SELECT current_user AS name, current_setting('data_checksums') AS sums, rolpassword LIKE 'md5%' AS password
           FROM pg_authid WHERE rolname = current_user`,
        );
        assert.deepEqual(rows, [{ name: superuser, sums: 'on', password: true }]);
        const system = await client.query<{ id: string }>(
          'SELECT system_identifier::text AS id FROM pg_control_system()',
        );
        systems.add(system.rows[0]!.id);
        passwords.add(target.login.password);
        await client.end();
        // Nobody gets in with what the copy came with, nor at the cluster that all copies are of.
        const { password } = await keptFor(specOf());
        await assert.rejects(connectLogin({ ...target.login, password }, 'postgres'), { code: '28P01' });
        const asServer = ['gosu', 'postgres', 'ls', emptyClusterMount];
        assert.match((await runInTarget(target, asServer, {}, signal)).stderr, /Permission denied/);
        await finishTarget(target);
      };
      await withTarget(specOf(), whole);
      await withTarget(specOf(), whole);
      assert.equal(systems.size, 1);
      assert.equal(passwords.size, 2);
    } finally {
      await theirs.remove();
    }
  });

  test('is not copied from one that was not finished, nor kept where its WAL is elsewhere', async () => {
    const spec = specOf({ initdbArgs: '--waldir=/tmp/wal' });
    const { volume } = await keptFor(spec);
    const path = await pathInHelper(host, volume);
    const inKept = async (script: string) => (await runInHelper(host, ['sh', '-c', script, 'sh', path])).stdout.trim();
    await inKept('mkdir "$1/making-a" "$1/making-b" && touch -d "1 hour ago" "$1/making-a"');
    await withTarget(spec, async () => {});
    assert.equal(await inKept('ls "$1"'), 'making-a\nmaking-b');

    const other = specOf({ initdbArgs: '--no-instructions' });
    const kept = await pathInHelper(host, (await keptFor(other)).volume);
    await runInHelper(host, ['sh', '-c', 'cp -a "$1/making-a" "$1/making-b" "$2"', 'sh', path, kept]);
    await withTarget(other, async () => {});
    assert.equal((await runInHelper(host, ['ls', kept])).stdout.trim(), 'cluster\nmaking-b');
  });

  test('is no longer kept when its image is gone', async () => {
    const { volume } = await withAlteredImage('true', async (own) => {
      const spec = specOf({ image: own });
      await withTarget(spec, async () => {});
      await removeStaleClusters(host);
      const kept = await keptFor(spec);
      assert.equal((await keptFor(spec)).password, kept.password);
      return kept;
    });
    const ours = await keptFor(specOf());
    await removeStaleClusters(host);
    await assert.rejects(docker.getVolume(volume).inspect(), { statusCode: 404 });
    await docker.getVolume(ours.volume).inspect();
  });

  test('is made by the image’s entrypoint where that has its own way to become another user', async () => {
    await withAlteredImage(withoutGosu, (own) =>
      withTarget(specOf({ image: own }), async (target) => {
        const client = await connectTarget(target, 'postgres');
        const { rows } = await client.query('SELECT current_user AS name');
        assert.deepEqual(rows, [{ name: superuser }]);
        await client.end();
      }),
    );
  });

  test('that nobody gets into is said, without waiting for more', async () => {
    const other = `cd "$(dirname "$(command -v initdb)")" && mv initdb initdb-own && cat > initdb <<'END' && chmod 755 initdb
#!/bin/sh
echo another | initdb-own "$@"
END`;
    await withAlteredImage(other, async (own) => {
      const problem = await refusal(withTarget(specOf({ image: own }), async () => {}));
      assert.equal(problem.code, 'capture-failed');
      assert.match(problem.message, /does not answer: password authentication failed/);
      assert.match(problem.toDocument().remedy!, /POSTGRES_INITDB_ARGS/);
    });
  });

  test('without a network is reached by its socket alone, whatever it says of who may connect', async () => {
    const spec = specOf({ network: undefined, initdbArgs: '--auth-local=reject --auth-host=reject' });
    const folder = join(tmpdir(), `greenroom-target-${spec.volume}`);
    const umask = process.umask(0o077);
    await withTarget(spec, async (target) => {
      process.umask(umask);
      assert.equal((await stat(folder)).mode & 0o777, 0o700);
      for (const program of [
        'touch /run/greenroom-target/x',
        'rm -f /run/greenroom-target/.s.PGSQL.5432',
        'env | grep PASSWORD',
      ]) {
        const sql = `COPY (SELECT) TO PROGRAM '${program}'`;
        await assert.rejects(
          onTarget(target, 'postgres', (session) => session.query(sql)),
          /program .* failed/,
        );
      }
      const client = await connectTarget(target, 'postgres');
      const { rows } = await client.query('SELECT inet_server_addr() AS address, current_user AS name');
      assert.deepEqual(rows, [{ address: null, name: superuser }]);
      await client.end();
      const { NetworkSettings: networks } = await docker.getContainer(spec.container).inspect();
      assert.deepEqual(Object.keys(networks.Networks), ['none']);
      const interfaces = await runInTarget(target, ['ls', '/sys/class/net'], {}, signal);
      assert.equal(interfaces.stdout.trim(), 'lo');
      await finishTarget(target);
    });
    await assert.rejects(stat(folder), { code: 'ENOENT' });
  });

  test('made by the image’s entrypoint is used once that is over', async () => {
    await withAlteredImage(withoutGosu, (own) =>
      withTarget(specOf({ image: own, network: undefined, initdbArgs: undefined }), async (target) => {
        const client = await connectTarget(target, 'postgres');
        // The server that it initialises with would have ended.
        await setTimeout(3000);
        await client.query('SELECT 1');
        await client.end();
      }),
    );
  });

  test('that has another user is said', async () => {
    const problem = await refusal(
      withTarget(specOf({ network: undefined, initdbArgs: '--username=other' }), async () => {}),
    );
    assert.equal(problem.code, 'capture-failed');
    assert.match(problem.message, /does not answer: role "odd user" does not exist/);
    assert.match(problem.toDocument().remedy!, /POSTGRES_INITDB_ARGS/);
  });

  test('that cannot be made is said', async () => {
    const spec = specOf({ initdbArgs: '--no-such-option' });
    const problem = await refusal(withTarget(spec, async () => {}));
    assert.equal(problem.code, 'capture-failed');
    assert.match(problem.message, /exited with code/);
  });
});
