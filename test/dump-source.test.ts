import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { extract, type Headers, pack } from 'tar-stream';
import { type DatabaseContent, differencesBetween, readContent } from '../services/backups/content.ts';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { exec } from '../services/engine/exec.ts';
import { Problem } from '../services/errors.ts';
import { type CaptureOptions, captureDatabase } from '../services/snapshots/capture/capture.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { captureDump } from '../services/snapshots/capture-dump.ts';
import { receiveDump } from '../services/sources/dump/receive.ts';
import { type RoomSpec, removeRoom } from '../services/sources/dump/room.ts';
import { oddities, output, pgDump, pgDumpFolder, policyOfOddities } from './support/dumps.ts';
import { docker, startPostgres, testHost } from './support/postgres.ts';
import { type Production, policy as shopPolicy, startProduction } from './support/shop.ts';
import { captureOf } from './support/source.ts';

const host = testHost();
const policy = { tables: { ...shopPolicy.tables, ...policyOfOddities } };
let production: Production;
/** Of a capture from the server itself. */
let live: { content: DatabaseContent; report: CaptureReport };
let custom: Buffer;
let plain: Buffer;
let folder: Buffer;

before(async () => {
  production = await startProduction();
  const command = ['psql', '-XqU', 'postgres', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', 'shop', '-f', '-'];
  const { exitCode, stderr } = await exec({ docker }, production.name, { command, input: oddities });
  assert.equal(exitCode, 0, stderr);
  custom = await pgDump(production.name, '-Fc');
  plain = await pgDump(production.name, '--verbose');
  folder = await pgDumpFolder(production.name);
  const options = optionsFor();
  const report = await captureDatabase({ ...options, source: { url: production.url } });
  live = { report, content: await contentOf(options) };
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
});

function optionsFor(more: Partial<CaptureOptions> = {}): Omit<CaptureOptions, 'source'> {
  const { source: _, ...options } = captureOf(host, { url: '' }, { policy, schema: 'shop', ...more });
  return options;
}

function roomFor({ target }: Pick<CaptureOptions, 'target'>, limitBytes = 64 << 20): RoomSpec {
  const { volume, volumeLabels: labels, image, network } = target;
  return { host, container: `${volume}-dump`, image, labels, network, limitBytes };
}

/** Sends a dump in pieces, and captures it. */
async function capture(
  dump: Buffer,
  options = optionsFor(),
  sha256?: string,
  limitBytes?: number,
): Promise<CaptureReport> {
  const room = roomFor(options, limitBytes);
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

async function contentOf({ target }: Pick<CaptureOptions, 'target'>): Promise<DatabaseContent> {
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

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a dump is captured like the server it was made of', () => {
  const kinds: [what: string, format: string, dump: () => Buffer | Promise<Buffer>][] = [
    ['custom format', 'custom', () => custom],
    ['directory format, as a tar archive', 'directory', () => folder],
    ['plain SQL', 'plain', () => plain],
    ['plain SQL, compressed with zstd', 'plain', () => zstdCompressSync(plain)],
    ['directory format, compressed with gzip', 'directory', () => gzipSync(folder)],
  ];
  for (const [what, format, dump] of kinds) {
    test(what, async () => {
      const bytes = await dump();
      const options = optionsFor();
      const report = await capture(bytes, options, sha256Of(bytes));
      assert.deepEqual(differencesBetween(live.content, await contentOf(options), 'dump'), []);
      const { createdAt, pgDumpVersion, ...file } = report.dump!;
      assert.deepEqual(file, { format, sizeBytes: bytes.length, sha256: sha256Of(bytes) });
      assert.match(pgDumpVersion!, /^17\./);
      assert.equal(report.takenAt, createdAt);
      assert.ok(Math.abs(Date.now() - Date.parse(createdAt!)) < 3_600_000);
      assert.equal(report.source.serverVersion, live.report.source.serverVersion.split(' ')[0]);
      assert.equal(report.source.server, 'the dump that was sent');
      const rows = ({ tables }: CaptureReport) => Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));
      assert.deepEqual(rows(report), rows(live.report));
      const places = ({ warnings }: CaptureReport) => warnings.map(({ where }) => where);
      for (const where of places(live.report)) assert.ok(places(report).includes(where), where);
      assert.ok(places(report).includes('pg_largeobject'));
    });
  }
});

describe('refused, or failed whole, with nothing left', () => {
  async function refused(
    dump: Buffer | Promise<Buffer>,
    more: Partial<CaptureOptions> = {},
    sha256?: string,
    limit?: number,
  ) {
    const options = optionsFor(more);
    const problem = await capture(await dump, options, sha256, limit).then(
      () => assert.fail('it should have been refused'),
      (error: unknown) => error as Problem,
    );
    assert.ok(problem instanceof Problem, inspect(problem));
    const { container, volume } = options.target;
    const names = (await docker.listContainers({ all: true })).flatMap(({ Names }) => Names);
    assert.deepEqual(
      names.filter((name) => name === `/${container}` || name === `/${volume}-dump`),
      [],
    );
    const { Volumes: volumes } = await docker.listVolumes();
    assert.ok(!volumes.some(({ Name }) => Name === volume), 'a volume is left');
    assert.ok(problem.toDocument().remedy);
    return problem;
  }
  const invalid = async (dump: Buffer | Promise<Buffer>, what: RegExp) => {
    const problem = await refused(dump);
    assert.equal(problem.code, 'dump-invalid', problem.message);
    assert.match(problem.message, what);
    return problem;
  };
  const edited = (from: RegExp | string, to: string) => {
    const text = plain.toString('latin1');
    const after = text.replace(from, to);
    assert.notEqual(after, text);
    return Buffer.from(after, 'latin1');
  };
  /** With the bits of one byte turned. */
  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 0xff;
    return copy;
  };

  test('what is none', async () => {
    await invalid(randomBytes(100_000), /begins as none/);
    await invalid(Buffer.alloc(0), /0 bytes/);
    await invalid(Buffer.from('id,name\n'.repeat(200)), /begins as none/);
    await invalid(gzipSync(randomBytes(100_000)), /begins as none/);
  });

  test('rows as INSERTs, in plain SQL and in custom format', async () => {
    for (const options of [['--inserts'], ['-Fc', '--column-inserts']]) {
      const { remedy } = await invalid(pgDump(production.name, ...options), /INSERTs/);
      assert.match(remedy!, /--inserts/);
    }
  });

  test('a whole cluster, one with --create, one in tar format, one in another encoding', async () => {
    await invalid(output(production.name, 'pg_dumpall', '-U', 'postgres'), /whole cluster/);
    const connecting = await invalid(pgDump(production.name, '--create'), /\\connect/);
    assert.match(connecting.remedy!, /--create/);
    await invalid(pgDump(production.name, '-Ft'), /tar format/);
    const encoded = await invalid(pgDump(production.name, '-Fc', '--encoding=SQL_ASCII'), /SQL_ASCII/);
    assert.match(encoded.remedy!, /UTF8/);
  });

  test('one that is newer than the image’s pg_restore', async () => {
    const newer = Buffer.from(custom);
    newer[6] = 99;
    assert.match((await invalid(newer, /newer pg_dump.*1\.99/)).remedy!, /image/);
  });

  test('cut off: custom format, plain SQL, a tar archive, a missing file, compression', async () => {
    await invalid(custom.subarray(0, custom.length * 0.7), /damaged/);
    await invalid(custom.subarray(0, custom.length - 10), /damaged/);
    await invalid(plain.subarray(0, plain.length / 2), /middle of the rows/);
    await invalid(plain.subarray(0, plain.indexOf('-- PostgreSQL database dump complete')), /last line/);
    await invalid(folder.subarray(0, folder.length * 0.5), /damaged/);
    await invalid(gzipSync(plain).subarray(0, -1000), /gzip/);
    await invalid(zstdCompressSync(plain).subarray(0, -1000), /zstd|middle|last line/);
    await invalid(
      rewrite(folder, (header) => (/\/\d+\.dat\.gz$/.test(header.name) ? [] : [header])),
      /damaged/,
    );
  });

  test('bits that have flipped: in custom format, in a file of a folder, in compression', async () => {
    await invalid(flipped(custom, custom.length * 0.6), /damaged/);
    await invalid(flipped(gzipSync(plain), 5000), /gzip/);
    await invalid(
      rewrite(folder, (header, bytes) => {
        if (/\/\d+\.dat\.gz$/.test(header.name) && bytes.length > 1000) bytes[500]! ^= 0xff;
        return [header];
      }),
      /damaged/,
    );
    const other = await refused(custom, {}, sha256Of(plain));
    assert.equal(other.where, sha256Of(custom));
  });

  test('plain SQL with commands of psql’s, or statements that are no definitions', async () => {
    const first = /^CREATE SCHEMA/m;
    await invalid(edited(first, '\\! touch /tmp/x\nCREATE SCHEMA'), /\\!.*psql/);
    await invalid(edited(first, "\\copy shop.x from '/etc/passwd'\nCREATE SCHEMA"), /\\copy/);
    await invalid(edited(first, '\\connect postgres\nCREATE SCHEMA'), /\\connect/);
    await invalid(edited(first, "COPY shop.empty FROM PROGRAM 'id';\nCREATE SCHEMA"), /does not write/);
    await invalid(edited(first, 'DO $$ BEGIN END $$;\nCREATE SCHEMA'), /does not write/);
    await invalid(edited(first, 'CREATE SCHEMA no such thing;\nCREATE SCHEMA'), /not SQL/);
    const refusal = await invalid(edited(first, 'CREATE EXTENSION nowhere;\nCREATE SCHEMA'), /nowhere/);
    assert.equal(refusal.where, 'CREATE EXTENSION nowhere');
  });

  test('a folder with links, with names that lead out of it, with a file twice, without toc.dat', async () => {
    const strange: [Partial<Headers>, RegExp][] = [
      [{ name: 'folder/1.dat', type: 'symlink', linkname: '/etc/passwd' }, /symlink/],
      [{ name: 'folder/1.dat', type: 'link', linkname: 'folder/toc.dat' }, /link/],
      [{ name: '../1.dat' }, /1\.dat/],
      [{ name: 'folder/../../1.dat' }, /1\.dat/],
      [{ name: '/1.dat' }, /1\.dat/],
      [{ name: 'folder/toc.dat' }, /twice/],
      [{ name: 'folder/pipe', type: 'fifo' }, /fifo/],
    ];
    for (const [header, what] of strange)
      await invalid(
        rewrite(folder, (original) =>
          original.name.endsWith('toc.dat') ? [original, { size: 0, ...header } as Headers] : [original],
        ),
        what,
      );
    await invalid(
      rewrite(folder, (header) => (header.name.endsWith('toc.dat') ? [] : [header])),
      /without the file toc\.dat/,
    );
  });

  test('one that is larger than may lie in memory, compressed or not', async () => {
    for (const dump of [plain, gzipSync(plain)]) {
      const problem = await refused(dump, {}, undefined, plain.length - 1);
      assert.equal(problem.code, 'too-large');
      assert.equal(problem.where, 'GREENROOM_DUMP_MEMORY_MB');
    }
  });

  test('a column that is not classified', async () => {
    const { 'shop.children': _, ...tables } = policy.tables;
    const open = await refused(custom, { policy: { tables } });
    assert.equal(open.code, 'policy-incomplete');
    assert.deepEqual(open.errors!.map(({ where }) => where).sort(), [
      'shop.children.id',
      'shop.children.name',
      'shop.children.toy',
    ]);
  });

  test('rows of a partitioned table', async () => {
    await invalid(pgDump(production.name, '-Fc', '--load-via-partition-root'), /partitioned/);
  });

  for (const moment of ['fetching', 'reading', 'masking', 'indexes'])
    test(`cancelled while ${moment}`, async () => {
      const controller = new AbortController();
      const reason = new Problem('cancelled', 'by the test');
      const onProgress = (message: string) => {
        if (message.includes(moment)) controller.abort(reason);
      };
      if (moment === 'fetching') controller.abort(reason);
      assert.equal((await refused(custom, { signal: controller.signal, onProgress })).code, 'cancelled');
    });
});

/** A tar archive whose entries are left out, changed or joined by others. */
async function rewrite(archive: Buffer, change: (header: Headers, content: Buffer) => Headers[]): Promise<Buffer> {
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
