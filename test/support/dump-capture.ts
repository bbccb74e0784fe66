import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { extract, type Headers, pack } from 'tar-stream';
import { type DatabaseContent, differencesBetween, readContent } from '../../services/backups/content.ts';
import { exec } from '../../services/engine/exec.ts';
import type { Host } from '../../services/engine/host.ts';
import { Problem } from '../../services/errors.ts';
import { type CaptureOptions, captureDatabase } from '../../services/snapshots/capture/capture.ts';
import type { CaptureReport } from '../../services/snapshots/capture/report.ts';
import { captureDump } from '../../services/snapshots/capture-dump.ts';
import { receiveDump } from '../../services/sources/dump/receive.ts';
import { type RoomSpec, removeRoom } from '../../services/sources/dump/room.ts';
import { oddities, policyOfOddities } from './dumps.ts';
import { docker, startPostgres } from './postgres.ts';
import { type Production, policy as shopPolicy, startProduction } from './shop.ts';
import { captureOf } from './source.ts';

export const policy = { tables: { ...shopPolicy.tables, ...policyOfOddities } };

type Options = Omit<CaptureOptions, 'source'>;

/** The shop's production, with oddities. */
export async function startOddProduction(): Promise<Production> {
  const production = await startProduction();
  const command = ['psql', '-XqU', 'postgres', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', 'shop', '-f', '-'];
  const { exitCode, stderr } = await exec({ docker }, production.name, { command, input: oddities });
  assert.equal(exitCode, 0, stderr);
  return production;
}

export function optionsFor(host: Host, more: Partial<CaptureOptions> = {}): Options {
  const { source: _, ...options } = captureOf(host, { url: '' }, { policy, schema: 'shop', ...more });
  return options;
}

/** What a capture from the server itself gives. */
export async function captureLive(
  host: Host,
  production: Production,
): Promise<{ report: CaptureReport; content: DatabaseContent }> {
  const options = optionsFor(host);
  const report = await captureDatabase({ ...options, source: { url: production.url } });
  return { report, content: await contentOf(options) };
}

/** Sends a dump in pieces, and captures it. */
export async function captureSent(
  dump: Buffer,
  options: Options,
  { sha256, limitBytes = 64 << 20 }: { sha256?: string; limitBytes?: number } = {},
): Promise<CaptureReport> {
  const { host, target } = options;
  const { volume, volumeLabels: labels, image } = target;
  const room: RoomSpec = { host, container: `${volume}-dump`, image, labels, network: 'bridge', limitBytes };
  const pieces = function* () {
    for (let at = 0; at < dump.length; at += 50_000) yield dump.subarray(at, at + 50_000);
  };
  try {
    const received = await receiveDump(room, Readable.from(pieces(), { objectMode: false }), sha256);
    return await captureDump(room, { address: {}, dump: {} }, received, options);
  } finally {
    await removeRoom(room);
  }
}

/** Nothing may differ. Removes the snapshot. */
export async function assertSameContent(expected: DatabaseContent, options: Options): Promise<void> {
  assert.deepEqual(differencesBetween(expected, await contentOf(options), 'dump'), []);
}

async function contentOf({ target }: Options): Promise<DatabaseContent> {
  const server = await startPostgres({ volume: target.volume });
  try {
    // It was set up with a password of its own.
    await server.run(['psql', '-XqU', 'postgres', '-c', `ALTER ROLE postgres PASSWORD '${server.password}'`]);
    const client = await server.connect('shop');
    const content = await readContent(client);
    await client.end();
    return content;
  } finally {
    await server.remove();
    await docker.getVolume(target.volume).remove();
  }
}

/** A capture that fails: nothing of it is left on the engine. */
export async function refusedDump(
  dump: Buffer | Promise<Buffer>,
  options: Options,
  how: { sha256?: string; limitBytes?: number } = {},
): Promise<Problem> {
  const problem = await captureSent(await dump, options, how).then(
    () => assert.fail('it should have been refused'),
    (error: unknown) => error as Problem,
  );
  assert.ok(problem instanceof Problem, inspect(problem));
  const { container, volume } = options.target;
  const names = (await docker.listContainers({ all: true })).flatMap(({ Names }) => Names);
  for (const name of [container, `${volume}-dump`]) assert.ok(!names.includes(`/${name}`), `${name} is left`);
  const { Volumes: volumes } = await docker.listVolumes();
  assert.ok(!volumes.some(({ Name }) => Name === volume), 'a volume is left');
  assert.ok(problem.toDocument().remedy);
  return problem;
}

export async function assertInvalid(host: Host, dump: Buffer | Promise<Buffer>, what: RegExp): Promise<Problem> {
  const problem = await refusedDump(dump, optionsFor(host));
  assert.equal(problem.code, 'dump-invalid', problem.message);
  assert.match(problem.message, what);
  return problem;
}

/** With the bits of one byte turned. @param at from 0, the beginning, to 1 */
export function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[Math.floor(bytes.length * at)]! ^= 0xff;
  return copy;
}

/** A tar archive whose entries are left out, changed or joined by others. */
export async function rewrite(
  archive: Buffer,
  change: (header: Headers, content: Buffer) => Headers[],
): Promise<Buffer> {
  const packed = pack();
  const entries = extract();
  Readable.from([archive]).pipe(entries);
  const repack = async () => {
    for await (const entry of entries) {
      const content = await buffer(entry);
      for (const header of change(entry.header, content))
        packed.entry(header, header === entry.header && header.type === 'file' ? content : '');
    }
    packed.finalize();
  };
  const [whole] = await Promise.all([buffer(packed), repack()]);
  return whole;
}
