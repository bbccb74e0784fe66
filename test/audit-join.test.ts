import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Problem } from '../services/errors.ts';
import { openAudit } from '../services/snapshots/audit/audit.ts';
import { createCounts } from '../services/snapshots/audit/counts.ts';
import { createInFlight, inFlightMemory } from '../services/snapshots/audit/in-flight.ts';
import { countOriginals, type Match } from '../services/snapshots/audit/kept-matches.ts';
import { matchesOf } from '../services/snapshots/audit/matches.ts';
import { createOriginals } from '../services/snapshots/audit/originals.ts';
import { createRecords, parts } from '../services/snapshots/audit/records.ts';
import { searchRelations, startSearchThreads } from '../services/snapshots/audit/threads.ts';
import { judge } from '../services/snapshots/audit/verdict.ts';

const MB = 1 << 20;
const batchBytes = 3 * MB;

/** A hash of a number: murmur's finalizer, twice. */
function half(number: number, seed: number): number {
  let mixed = Math.imul(number ^ seed, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Records of the numbers from 0 on, in batches as threads send them: the hash of `of`, by default the number, and more. */
function addTo(
  records: { add(batch: Uint32Array<ArrayBuffer>): void },
  count: number,
  more: (number: number) => number[],
  of = (number: number) => number,
): void {
  const words = 2 + more(0).length;
  const most = 32_768;
  for (let from = 0; from < count; from += most) {
    const batch = new Uint32Array(Math.min(most, count - from) * words);
    for (let at = 0, number = from; at < batch.length; at += words, number++) {
      batch[at] = half(of(number), 1);
      batch[at + 1] = half(of(number), 2);
      batch.set(more(number), at + 2);
    }
    records.add(batch);
  }
}

const never = () => false;
const { signal } = new AbortController();
/** A digest: of thousands of lines that differ, a comparison would be shown at the cost of gigabytes. */
const said = (matches: Match[]) => {
  const lines = matches.map(({ original, unit, place, times }) => `${original} ${unit} ${place} ${times}`);
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
};

if (!isMainThread && workerData?.inFlight) {
  const inFlight = createInFlight(workerData.inFlight);
  for (let batch = 0; batch < workerData.batches; batch++) {
    inFlight.send(batchBytes);
    parentPort!.postMessage(batch);
  }
} else {
  const { TMPDIR: before } = process.env;
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'greenroom-test-'));
  after(() => {
    rmSync(tmpdir(), { recursive: true });
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  });

  test('records that do not fit into memory come back whole, each in the part of its first bits', async () => {
    const records = createRecords(3, 0);
    const count = 1_000_000;
    addTo(records, count, (number) => [number]);
    assert.ok(records.spilledBytes > 6 * MB, String(records.spilledBytes));
    assert.deepEqual(await readdir(tmpdir()), []);
    const seen = new Uint8Array(count);
    let inParts = 0;
    for (let part = 0; part < parts; part++) {
      for (const piece of records.piecesIn(part)) {
        for (let at = 0; at < piece.length; at += 3) {
          assert.equal(piece[at]! >>> 24, part);
          assert.equal(piece[at], half(piece[at + 2]!, 1));
          seen[piece[at + 2]!]!++;
        }
        inParts += piece.length / 3;
      }
    }
    assert.equal(inParts, count);
    assert.ok(seen.every((times) => times === 1));
    assert.equal(
      records.pieces().reduce((sum, piece) => sum + piece.length / 3, 0),
      count,
    );
    records.close();
  });

  describe('candidates held against originals', () => {
    /** Some originals are said twice, by one unit or two; every fiftieth candidate is one of them, and some of those stand in two places or come twice. */
    const found = async (originalBytes: number, candidateBytes: number, most?: number) => {
      const originals = createOriginals(originalBytes);
      const candidates = createRecords(4, candidateBytes);
      const said = (number: number) => number % 700_000;
      addTo(originals, 800_000, (number) => [number % 3], said);
      const some = (number: number) => (number % 50 === 0 ? number / 50 : number + 2_000_000);
      addTo(candidates, 600_000, (number) => [number % 100 === 0 ? 7 : 8, 1], some);
      addTo(candidates, 3000, () => [8, 2]);
      const matches = await matchesOf(candidates, originals, never, signal, most);
      const spilled = [originals, candidates].every(({ spilledBytes }) => spilledBytes > 0);
      originals.close();
      candidates.close();
      return { matches, spilled };
    };

    test('gives the same from a file, part by part and turn by turn, as in memory', async () => {
      const inMemory = await found(100 * MB, 100 * MB);
      assert.equal(inMemory.spilled, false);
      assert.ok(inMemory.matches.length > 10_000, String(inMemory.matches.length));
      const fromFile = await found(0, 0);
      assert.equal(fromFile.spilled, true);
      assert.equal(said(fromFile.matches), said(inMemory.matches));
      assert.equal(said((await found(0, 0, 1000)).matches), said(inMemory.matches));
      assert.equal(said((await found(100 * MB, 0)).matches), said(inMemory.matches));
      assert.equal(said((await found(0, 100 * MB)).matches), said(inMemory.matches));
    });

    test('reads each original once, however many candidates there are', async () => {
      const originals = createOriginals(0);
      const candidates = createRecords(4, 0);
      addTo(originals, 100_000, () => [0]);
      addTo(
        candidates,
        1_200_000,
        () => [0, 1],
        (number) => number + 1_000_000,
      );
      let read = 0;
      const counted = {
        ...originals,
        *piecesIn(part: number) {
          for (const piece of originals.piecesIn(part)) {
            read += piece.length / 3;
            yield piece;
          }
        },
      };
      assert.deepEqual(await matchesOf(candidates, counted, never, signal), []);
      assert.equal(read, 100_000);
      originals.close();
      candidates.close();
    });
  });

  describe('a masked column that is also kept elsewhere', () => {
    const rows = 300_000;
    const plan = {
      schema: 'app',
      name: 'people',
      columns: [{ name: 'email', rule: { mask: 'email' }, by: 'column', place: {} as never, isArray: false }],
    };
    const places = ['copy', 'other'].map((column) => ({ name: `app.kept.${column}`, table: 'app.kept', column }));
    const matchesFor = async (isOften: (original: number) => boolean) => {
      const audit = openAudit([plan], [rows]);
      addTo(audit.originals, rows, () => [0]);
      addTo(audit.candidates, rows, () => [0, 2]);
      addTo(audit.candidates, 5, () => [1, 1]);
      const matches = await matchesOf(audit.candidates, audit.originals, isOften, signal);
      audit.close();
      return { audit, matches };
    };

    test('is named with all its originals, of which few are held', async () => {
      const { audit, matches } = await matchesFor(never);
      assert.ok(matches.length < rows / 10, String(matches.length));
      assert.equal(countOriginals(matches.filter(({ place }) => place === 0)), rows);
      audit.addPart(new Map([[0, { ...createCounts(), values: rows, searched: rows }]]), 0);
      const { units, counts } = audit;
      const evidence = { units, counts, matches, places, numbers: [], copied: audit.copied, isOften: never };
      assert.throws(
        () => judge(evidence),
        ({ code, errors }: Problem) => {
          assert.equal(code, 'audit-failed');
          assert.deepEqual(
            errors!.map(({ where, what }) => `${where} ${what}`),
            [
              `app.kept.copy holds ${rows} originals of app.people.email (${rows * 2} times)`,
              'app.kept.other holds 5 originals of app.people.email (5 times)',
            ],
          );
          return true;
        },
      );
    });

    test('those that many rows say are counted apart', async () => {
      const isOften = (original: number) => original % 2 === 0;
      const { matches } = await matchesFor(isOften);
      const inCopy = matches.filter(({ place }) => place === 0);
      const often = countOriginals(inCopy.filter(({ original }) => isOften(original)));
      let expected = 0;
      for (let number = 0; number < rows; number++) {
        if (isOften(half(number, 1) * 2 ** 21 + (half(number, 2) >>> 11))) expected++;
      }
      assert.equal(often, expected);
      assert.equal(countOriginals(inCopy), rows);
    });
  });

  describe('a thread that sends more than is taken', () => {
    const start = (batches: number) => {
      const memory = inFlightMemory();
      const worker = new Worker(import.meta.filename, { workerData: { inFlight: memory, batches } });
      return { memory, worker };
    };

    test('waits, and sends all of it in the end', async () => {
      const { memory, worker } = start(40);
      const inFlight = createInFlight(memory);
      const cells = new Int32Array(memory);
      let most = 0;
      let received = 0;
      worker.on('message', () => {
        // Time for more than there is room for.
        if (received++ === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
        most = Math.max(most, cells[0]!);
        inFlight.taken(batchBytes);
      });
      await once(worker, 'exit');
      assert.equal(received, 40);
      assert.ok(most > batchBytes && most <= 12 * MB, String(most));
      assert.equal(cells[0], 0);
    });

    test('ends while it waits', async () => {
      const { worker } = start(40);
      await once(worker, 'message');
      assert.equal(await worker.terminate(), 1);
    });
  });
}

test('a thread that cannot begin fails the search, whenever that is noticed', { skip: !isMainThread }, async () => {
  const audit = openAudit([], []);
  const nobody = { host: '127.0.0.1', port: 1, user: 'nobody', password: '' };
  const task = { relation: 'app.people', copy: 'COPY app.people TO STDOUT', columns: [] };
  for (const isLate of [false, true]) {
    const threads = startSearchThreads({ setup: audit.setup, target: nobody, database: 'app' }, 2);
    if (isLate) await Promise.all(threads.map(({ worker }) => once(worker, 'exit')));
    const search = searchRelations(threads, audit.setup, [task], signal, { candidates() {}, done() {} });
    await assert.rejects(search, {
      code: 'capture-failed',
      message: /The audit could not read the result: .*ECONNREFUSED/,
    });
  }
  audit.close();
});
