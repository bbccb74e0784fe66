import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { Problem } from '../../services/errors.ts';
import {
  assertInvalid,
  assertSameContent,
  captureLive,
  captureSent,
  flipped,
  optionsFor,
  refusedDump,
  rewrite,
  startOddProduction,
} from '../support/dump-capture.ts';
import { pgDump, pgDumpFolder } from '../support/dumps.ts';
import { docker, testHost } from '../support/postgres.ts';
import type { Production } from '../support/shop.ts';

const host = testHost();
let production: Production;
let custom: Buffer;
before(async () => {
  production = await startOddProduction();
  custom = await pgDump(production.name, '-Fc');
});
after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
});

describe('a dump is captured like the server it was made of', () => {
  let live: Awaited<ReturnType<typeof captureLive>>;
  before(async () => {
    live = await captureLive(host, production);
  });

  for (const [what, options] of [
    ['tar format', ['-Ft']],
    ['custom format without compression', ['-Fc', '-Z0']],
    ['custom format, compressed by zstd', ['-Fc', '-Zzstd']],
    ['plain SQL without owners, grants and a time', ['--no-owner', '--no-privileges']],
  ] as const)
    test(what, async () => {
      const capture = optionsFor(host);
      await captureSent(await pgDump(production.name, ...options), capture);
      // Without owners and grants it is another schema.
      const content = { ...live.content };
      if (what.includes('owners')) delete content.schemaFormat;
      await assertSameContent(content, capture);
    });
});

describe('fails whole, with nothing left', () => {
  test('bits that have flipped: in custom format, in a file of a folder, in compression', async () => {
    for (const at of [0.3, 0.5, 0.7]) await assertInvalid(host, flipped(custom, at), /damaged/);
    await assertInvalid(host, flipped(gzipSync(await pgDump(production.name)), 0.5), /gzip/);
    const folder = rewrite(await pgDumpFolder(production.name), (header, bytes) => {
      if (/\/\d+\.dat\.gz$/.test(header.name) && bytes.length > 1000) bytes[500]! ^= 0xff;
      return [header];
    });
    await assertInvalid(host, folder, /damaged/);
  });

  test('rows of a partitioned table', async () => {
    await assertInvalid(host, pgDump(production.name, '-Fc', '--load-via-partition-root'), /partitioned/);
  });

  for (const moment of ['sent', 'reading', 'shuffled', 'masking', 'indexes'])
    test(`cancelled while ${moment}`, async () => {
      const controller = new AbortController();
      const reason = new Problem('cancelled', 'by the test');
      const onProgress = (message: string) => {
        if (message.includes(moment)) controller.abort(reason);
      };
      if (moment === 'sent') controller.abort(reason);
      const options = optionsFor(host, { signal: controller.signal, onProgress });
      assert.equal((await refusedDump(custom, options)).code, 'cancelled');
    });
});
