import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Host } from '../../services/engine/host.ts';
import { label } from '../../services/engine/labels.ts';
import { cloneModeOf, cloneVolume, createVolume, removeVolume } from '../../services/engine/volumes.ts';
import { ask, firstQuery, median, startPostgres, stop, withHost } from './support.ts';

const run$ = promisify(execFile);
const rounds = 7;

/**
 * A stack database ready (clone, start, first query) from 50 MB and from 2 GB, and the plain tool beside it in turn:
 * `docker run` of the same image on a volume that is ready.
 */
export async function run(): Promise<object> {
  return withHost(async (host) => {
    const clone_mode = await cloneModeOf(host);
    const small = await makeSource(host, 'small', 50);
    const large = await makeSource(host, 'large', 2000);
    const ready = `gr-${host.installation}-ready`;
    const times: Record<'small' | 'large' | 'docker', number[]> = { small: [], large: [], docker: [] };
    for (let round = 0; round < rounds; round++) {
      times.small.push(await readyFrom(host, small));
      times.large.push(await readyFrom(host, large));
      await cloneVolume(host, large, ready, labels(host));
      times.docker.push(await dockerRun(host, ready));
      await removeVolume(host, ready);
    }
    const [ms_small, ms_large, ms_docker] = [median(times.small), median(times.large), median(times.docker)];
    return {
      ms_small: Math.round(ms_small),
      ms_large: Math.round(ms_large),
      ms_docker_run: Math.round(ms_docker),
      size_ratio: round2(ms_large / ms_small),
      over_docker: round2(ms_large / ms_docker),
      clone_mode,
    };
  });
}

const labels = (host: Host) => ({ [label.installation]: host.installation });
const round2 = (value: number) => Math.round(value * 100) / 100;

async function makeSource(host: Host, name: string, megabytes: number): Promise<string> {
  const volume = `gr-${host.installation}-${name}`;
  process.stdout.write(`making ${megabytes} MB\n`);
  await createVolume(host, volume, labels(host));
  await startPostgres(host, volume);
  await firstQuery(host, volume);
  // While the image initialises, a first server may be the one that answers.
  await ask(host, volume, 'ALTER SYSTEM SET max_wal_size = 1000');
  await ask(
    host,
    volume,
    `CREATE TABLE t AS SELECT i AS id, repeat(md5(i::text), 31) AS filler FROM generate_series(1, ${megabytes * 1000}) i`,
  );
  await ask(host, volume, 'CHECKPOINT');
  await stop(host, volume);
  return volume;
}

async function readyFrom(host: Host, source: string): Promise<number> {
  const clone = `gr-${host.installation}-clone`;
  const startedAt = performance.now();
  await cloneVolume(host, source, clone, labels(host));
  await startPostgres(host, clone);
  await firstQuery(host, clone, 'SELECT id FROM t LIMIT 1');
  const ms = performance.now() - startedAt;
  await stop(host, clone);
  await removeVolume(host, clone);
  return ms;
}

async function dockerRun(host: Host, volume: string): Promise<number> {
  const startedAt = performance.now();
  await run$('docker', [
    ...['run', '-d', '--name', volume, '--label', `${label.installation}=${host.installation}`],
    ...[
      '--shm-size',
      '256m',
      '-e',
      'POSTGRES_PASSWORD=bench',
      '-v',
      `${volume}:/var/lib/postgresql/data`,
      'postgres:17',
    ],
  ]);
  await firstQuery(host, volume, 'SELECT id FROM t LIMIT 1');
  const ms = performance.now() - startedAt;
  await stop(host, volume);
  return ms;
}
