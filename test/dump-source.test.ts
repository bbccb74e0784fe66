import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Headers } from 'tar-stream';
import { removeInstallation } from '../services/engine/clean-up.ts';
import type { Problem } from '../services/errors.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { readDump } from '../services/sources/dump/read.ts';
import { receiveDump } from '../services/sources/dump/receive.ts';
import { type RoomSpec, removeRoom } from '../services/sources/dump/room.ts';
import {
  assertInvalid,
  assertSameContent,
  captureLive,
  captureSent,
  optionsFor,
  policy,
  refusedDump,
  rewrite,
  startOddProduction,
} from './support/dump-capture.ts';
import { output, pgDump, pgDumpFolder } from './support/dumps.ts';
import { docker, testHost } from './support/postgres.ts';
import type { Production } from './support/shop.ts';

const host = testHost();
let production: Production;
let custom: Buffer;
let plain: Buffer;
let folder: Buffer;

before(async () => {
  production = await startOddProduction();
  custom = await pgDump(production.name, '-Fc');
  plain = await pgDump(production.name, '--verbose');
  folder = await pgDumpFolder(production.name);
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
});

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a dump is captured like the server it was made of', () => {
  let live: Awaited<ReturnType<typeof captureLive>>;
  before(async () => {
    live = await captureLive(host, production);
  });

  for (const [format, dump] of [
    ['custom', () => custom],
    ['directory', () => gzipSync(folder)],
    ['plain', () => zstdCompressSync(plain)],
  ] as const)
    test(`${format} format`, async () => {
      const bytes = dump();
      const options = optionsFor(host);
      const report = await captureSent(bytes, options, { sha256: sha256Of(bytes) });
      await assertSameContent(live.content, options);
      const { createdAt, pgDumpVersion, ...file } = report.dump!;
      assert.deepEqual(file, { format, sizeBytes: bytes.length, sha256: sha256Of(bytes) });
      assert.match(pgDumpVersion!, /^17\./);
      assert.equal(report.takenAt, createdAt);
      assert.ok(Math.abs(Date.now() - Date.parse(createdAt!)) < 3_600_000);
      assert.equal(report.source.serverVersion, live.report.source.serverVersion.split(' ')[0]);
      assert.equal(report.source.server, 'the dump that was sent');
      const rows = ({ tables }: CaptureReport) => Object.fromEntries(tables.map((table) => [table.name, table.rows]));
      assert.deepEqual(rows(report), rows(live.report));
      const places = ({ warnings }: CaptureReport) => warnings.map(({ where }) => where);
      const overNetwork = live.report.source.server;
      assert.ok(places(live.report).includes(overNetwork) && !places(report).includes(overNetwork));
      for (const where of places(live.report).filter((one) => one !== overNetwork))
        assert.ok(places(report).includes(where), where);
      assert.ok(places(report).includes('pg_largeobject'));
    });
});

describe('refused, with nothing left', () => {
  const invalid = (dump: Buffer | Promise<Buffer>, what: RegExp) => assertInvalid(host, dump, what);
  const before = (statement: string) => {
    const text = plain.toString('latin1');
    const edited = text.replace(/^CREATE SCHEMA/m, () => `${statement}\nCREATE SCHEMA`);
    assert.notEqual(edited, text);
    return Buffer.from(edited, 'latin1');
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

  test('a whole cluster, one with --create, one in another encoding', async () => {
    await invalid(output(production.name, 'pg_dumpall', '-U', 'postgres'), /whole cluster/);
    const connecting = await invalid(pgDump(production.name, '--create'), /\\connect/);
    assert.match(connecting.remedy!, /--create/);
    const encoded = await invalid(pgDump(production.name, '-Fc', '--encoding=SQL_ASCII'), /SQL_ASCII/);
    assert.match(encoded.remedy!, /UTF8/);
  });

  test('one that is newer than the image’s pg_restore', async () => {
    const newer = Buffer.from(custom);
    newer[6] = 99;
    assert.match((await invalid(newer, /newer pg_dump.*1\.99/)).remedy!, /image/);
  });

  test('one that is cut off', async () => {
    await invalid(custom.subarray(0, custom.length * 0.7), /damaged/);
    await invalid(custom.subarray(0, custom.length - 10), /damaged/);
    await invalid(plain.subarray(0, plain.length / 2), /middle of the rows/);
    await invalid(plain.subarray(0, plain.indexOf('-- PostgreSQL database dump complete')), /last line/);
    await invalid(folder.subarray(0, folder.length * 0.5), /damaged/);
    await invalid(gzipSync(plain).subarray(0, -1000), /gzip/);
    await invalid(zstdCompressSync(plain).subarray(0, -1000), /zstd|middle|last line/);
    const withoutRows = rewrite(folder, (header) => (/\/\d+\.dat\.gz$/.test(header.name) ? [] : [header]));
    await invalid(withoutRows, /damaged/);
    const other = await refusedDump(custom, optionsFor(host), { sha256: sha256Of(plain) });
    assert.equal(other.where, sha256Of(custom));
  });

  test('plain SQL with commands of psql’s, or with statements that are no definitions', async () => {
    await invalid(before('\\! touch /tmp/x'), /\\!.*psql/);
    await invalid(before("\\copy shop.x from '/etc/passwd'"), /\\copy/);
    await invalid(before('\\connect postgres'), /\\connect/);
    await invalid(before("COPY shop.empty FROM PROGRAM 'id';"), /does not write/);
    await invalid(before('DO $$ BEGIN END $$;'), /does not write/);
    await invalid(before('CREATE SCHEMA no such thing;'), /not SQL/);
    const missing = await invalid(before('CREATE EXTENSION nowhere;'), /nowhere/);
    assert.equal(missing.where, 'CREATE EXTENSION nowhere');
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
    const isToc = ({ name }: Headers) => name.endsWith('toc.dat') && !name.includes('blob');
    for (const [header, what] of strange) {
      const added = { size: 0, ...header } as Headers;
      await invalid(
        rewrite(folder, (original) => (isToc(original) ? [original, added] : [original])),
        what,
      );
    }
    await invalid(
      rewrite(folder, (header) => (isToc(header) ? [] : [header])),
      /without the file toc\.dat/,
    );
  });

  test('one that is larger than may lie in memory, compressed or not', async () => {
    for (const dump of [plain, gzipSync(plain)]) {
      const problem = await refusedDump(dump, optionsFor(host), { limitBytes: plain.length - 1 });
      assert.equal(problem.code, 'too-large');
      assert.equal(problem.where, 'GREENROOM_DUMP_MEMORY_MB');
    }
  });

  test('a date as a person may have written it into the file: no mask knows it, so it is not let through', async () => {
    const text = plain.toString('latin1');
    const rows = text.indexOf('COPY shop.staff ');
    const written = text.slice(rows).replace(/\d{4}-\d\d-\d\d/, 'March 17, 1984');
    const problem = await refusedDump(Buffer.from(text.slice(0, rows) + written, 'latin1'), optionsFor(host));
    assert.equal(problem.code, 'capture-failed');
    assert.equal(problem.where, 'shop.staff.hired_on');
    assert.doesNotMatch(JSON.stringify(problem.toDocument()), /March/);
  });

  test('one that takes too much memory to read, which ends its thread alone', async () => {
    const { target } = optionsFor(host);
    const { volume, volumeLabels: labels, image } = target;
    const room: RoomSpec = {
      host,
      container: `${volume}-dump`,
      image,
      labels,
      network: 'bridge',
      limitBytes: 64 << 20,
    };
    const script = `-- PostgreSQL database dump\n${'SET a = 1;\n'.repeat(900_000)}-- PostgreSQL database dump complete\n`;
    await receiveDump(room, Readable.from([Buffer.from(script)]));
    try {
      await assert.rejects(
        readDump(room.container, 'plain', new AbortController().signal, () => {}, 16),
        (error: Problem) => error.code === 'dump-invalid' && /16 MB of memory/.test(error.message) && !!error.remedy,
      );
    } finally {
      await removeRoom(room);
    }
  });

  test('a column that is not classified', async () => {
    const { 'shop.children': _, ...tables } = policy.tables;
    const open = await refusedDump(custom, optionsFor(host, { policy: { tables } }));
    assert.equal(open.code, 'policy-incomplete');
    assert.deepEqual(open.errors!.map(({ where }) => where).sort(), [
      'shop.children.id',
      'shop.children.name',
      'shop.children.toy',
    ]);
  });
});
