import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../examples/demo/client.ts';
import type { Backup } from '../../openapi/aliases.ts';
import { exec } from '../../services/engine/exec.ts';
import { deploymentsOn } from '../support/deployments.ts';
import { docker, startService, type TestService } from '../support/service.ts';
import { capture, createShop, createStack, type Production, startProduction } from '../support/shop.ts';

let service: TestService;
let production: Production;
let on: ReturnType<typeof deploymentsOn>;
before(async () => {
  [service, production] = await Promise.all([startService(), startProduction()]);
  on = deploymentsOn(service);
  await createShop(service);
  await capture(service, production);
  await createStack(service, 'qa');
});
after(async () => {
  await production.remove();
  await service.remove();
});

/** Seeded, so that a failure can be had again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('of 100 random flips of one bit and truncations in a dump’s files every one is found', async () => {
  const seed = Date.now() >>> 0;
  const next = random(seed);
  const { result } = await on.done('POST', '/v1/backups', { stack: 'qa', forms: ['dump'] });
  const backup = await service.call<Backup>('GET', `/v1/backups/${result!.backup}`);
  const volume = `gr-${service.installation}-${backup.id}-dump`;
  const { Mountpoint: mountpoint } = await docker.getVolume(volume).inspect();
  const helper = `gr-${service.installation}-helper`;
  const inHelper = async (script: string, input?: Buffer) => {
    const command = ['sh', '-ec', script];
    const run = await exec({ docker }, helper, { command, keepBytes: 64 << 20, ...(input ? { input } : {}) });
    assert.equal(run.exitCode, 0, run.stderr);
    return run.stdout;
  };
  const files = (await inHelper(`cd ${mountpoint}; find . -type f -size +0`)).trim().split('\n');
  assert.ok(files.length > 8, 'a file for each table, and the table of contents');
  for (let nth = 0; nth < 100; nth++) {
    const file = `${mountpoint}/${files[Math.floor(next() * files.length)]}`;
    const whole = Buffer.from(await inHelper(`base64 ${file}`), 'base64');
    const damaged = Buffer.from(whole);
    const at = Math.floor(next() * whole.length);
    const truncated = nth % 4 === 0;
    if (!truncated) damaged[at]! ^= 1 << Math.floor(next() * 8);
    const write = (content: Buffer) => inHelper(`base64 -d > ${file}`, Buffer.from(content.toString('base64')));
    await write(truncated ? damaged.subarray(0, at) : damaged);
    const operation = await on.ended(await service.call<Operation>('POST', `/v1/backups/${backup.id}/verify`));
    const what = `${truncated ? 'cut' : 'flipped'} at byte ${at} of ${file}, seed ${seed}`;
    assert.equal(operation.error?.code, 'backup-damaged', what);
    assert.ok(
      operation.error!.errors!.some(({ where }) => file.endsWith(where)),
      what,
    );
    await write(whole);
  }
  await on.done('POST', `/v1/backups/${backup.id}/verify`);
  assert.equal((await service.call<Backup>('GET', `/v1/backups/${backup.id}`)).state, 'verified');
});
