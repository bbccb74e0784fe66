import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { removeTarget, runInTarget, startTarget } from '../services/snapshots/capture/target.ts';
import { docker, testHost } from './support/postgres.ts';
import { captureOf } from './support/source.ts';

const noCore = /^Max core file size +0 +0 /m;
const words = ['Zofia', 'Quellmann', 'planted'];

/** A process that holds the words, put together, in memory of two threads, says what keeps it from being dumped, and aborts. */
const program = (first: string) => `
import { leaveNoCores } from '${new URL('../services/core-dumps.ts', import.meta.url)}';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
${first};
const hold = "globalThis.held = Buffer.from(${JSON.stringify(words).replaceAll('"', "'")}.join(' ').repeat(100))";
eval(hold);
const held = "; require('node:worker_threads').parentPort.postMessage('held'); setInterval(() => {}, 1000)";
console.log(readFileSync('/proc/self/coredump_filter', 'utf8') + readFileSync('/proc/self/limits', 'utf8'));
new Worker(hold + held, { eval: true, execArgv: [] }).once('message', () => process.abort());
`;

/** Its output, and for each core it left whether the words are in it. */
function abort(first: string): { said: string; cores: boolean[] } {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-test-'));
  try {
    const script = 'ulimit -Sc "$(ulimit -Hc)"; exec "$@"';
    const node = [process.execPath, '--input-type=module', '-e', program(first)];
    const { stdout, stderr, signal } = spawnSync('sh', ['-c', script, 'sh', ...node], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(signal, 'SIGABRT', stderr);
    const cores = readdirSync(folder).map(
      (name) => spawnSync('grep', ['-aqF', words.join(' '), name], { cwd: folder }).status === 0,
    );
    return { said: stdout, cores };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A file beside the process; where the system's dumps go elsewhere, a test cannot look into them. */
const dumpsAreHere = () =>
  process.platform === 'linux' && readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim() === 'core';

test('a process whose cores are not kept away writes what it holds', (t) => {
  if (!dumpsAreHere()) return t.skip('the system’s core dumps go elsewhere');
  assert.deepEqual(abort('').cores, [true]);
});

test('greenroom leaves no core, and no memory for one that a program takes', () => {
  const { said, cores } = abort('leaveNoCores()');
  assert.deepEqual(cores, []);
  assert.match(said, /^00000000$/m);
  assert.match(said, noCore);
});

test('nor does the Postgres that a snapshot is loaded into', async () => {
  const host = testHost();
  const { target: spec, signal } = captureOf(host, { url: 'postgres://none' });
  const target = await startTarget(
    host,
    { ...spec, network: undefined, mounts: [], failure: 'capture-failed' },
    signal,
  );
  try {
    const { stdout } = await runInTarget(target, ['cat', '/proc/1/limits'], {}, signal);
    assert.match(stdout, noCore);
  } finally {
    await removeTarget(host, spec);
    await removeInstallation(docker, host.installation);
  }
});
