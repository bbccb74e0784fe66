import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { candidateWords } from '../../services/snapshots/audit/candidates.ts';
import { originalWords } from '../../services/snapshots/audit/keeper.ts';
import { countOriginals } from '../../services/snapshots/audit/kept-matches.ts';
import { matchesOf } from '../../services/snapshots/audit/matches.ts';
import { createOriginals } from '../../services/snapshots/audit/originals.ts';
import { createRecords } from '../../services/snapshots/audit/records.ts';

const MB = 2 ** 20;
const many = 20_000_000;
const leaked = many / 10;
const batch = 40_000;

/** murmur's finalizer: no two numbers have the same. */
function mixed(number: number): number {
  let of = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  of = Math.imul(of ^ (of >>> 13), 0xc2b2ae35);
  return (of ^ (of >>> 16)) >>> 0;
}

function batchOf(words: number, from: number, number: (index: number) => number, ...more: number[]) {
  const records = new Uint32Array(batch * words);
  for (let index = 0; index < batch; index++) {
    const of = number(from + index);
    records.set([mixed(of), mixed(of ^ 0x5bd1e995), ...more], index * words);
  }
  return records;
}

if (process.argv[2] === 'join') {
  // In a process of its own, whose memory counts nothing else.
  const originals = createOriginals();
  const candidates = createRecords(candidateWords, 16 * MB);
  for (let from = 0; from < many; from += batch) {
    originals.add(batchOf(originalWords, from, (index) => index, 3));
    const other = (index: number) => (index % 10 === 0 ? index / 10 : index + many);
    candidates.add(batchOf(candidateWords, from, other, 5, 1));
  }
  const startedAt = performance.now();
  const matches = await matchesOf(candidates, originals, () => false, new AbortController().signal);
  const seconds = (performance.now() - startedAt) / 1000;
  process.send!({
    found: countOriginals(matches),
    times: matches.reduce((sum, { times }) => sum + times, 0),
    seconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  });
  process.disconnect();
} else {
  test('twenty million candidates are held against as many originals in 250 MB', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
    context.after(() => rm(folder, { recursive: true }));
    const child = fork(import.meta.filename, ['join'], {
      env: { ...process.env, TMPDIR: folder, NODE_TEST_CONTEXT: undefined },
    });
    const ended = once(child, 'exit').then(([code]) => assert.fail(`it ended with code ${code}`));
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [
      { found: number; times: number; seconds: number; peakBytes: number },
    ];
    console.log(`${answer.seconds.toFixed(1)} s, peak ${Math.round(answer.peakBytes / MB)} MB`);
    assert.equal(answer.found, leaked);
    assert.equal(answer.times, leaked);
    assert.ok(answer.peakBytes < 250 * MB, `${answer.peakBytes / MB} MB`);
  });
}
