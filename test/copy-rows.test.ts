import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { Problem } from '../services/errors.ts';
import { dictionaries } from '../services/masking/dictionaries.ts';
import { createMaterials } from '../services/masking/materials.ts';
import { type PlannedColumn, planMasking } from '../services/masking/plan/plan.ts';
import { parsePolicy } from '../services/masking/policy/policy.ts';
import type { RowMask } from '../services/masking/rows/row.ts';
import { append } from '../services/masking/rows/sink.ts';
import { createTableMask } from '../services/masking/rows/table.ts';
import { tasksOf } from '../services/snapshots/capture/copy-data.ts';
import { CopyFailure, type CopyTask, copyOutOf, copyTable } from '../services/snapshots/capture/copy-table.ts';
import { readCatalog, type SourceCatalog } from '../services/sources/catalog.ts';
import { CopyOut, CutRow } from '../services/sources/copy-out.ts';
import { binaryHeader, binaryRow, binaryTrailer } from './support/binary-rows.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';

let server: TestPostgres;
let client: pg.Client;

before(async () => {
  server = await startPostgres();
  client = await server.connect('postgres');
  await client.query('CREATE TABLE people (name text)');
});

after(async () => {
  await client?.end();
  await server?.remove();
});

const task = {
  schema: 'public',
  table: 'people',
  columns: ['name'],
  format: 'text' as const,
  oid: 1,
  filenode: 1,
  index: 0,
};
const masked: RowMask = (_row, _start, _end, out) => append(out, Buffer.from('Lorem\n'));

/** Copies rows that come in these chunks, and says what is in the table then. */
async function copied(chunks: string[], mask: RowMask = masked): Promise<{ failure?: CopyFailure; names: string[] }> {
  const rowCount = chunks.join('').split('\n').length - 1;
  const read = () => Object.assign(Readable.from(chunks.map(Buffer.from), { objectMode: false }), { rowCount });
  const result = await copyTable(read, client, task, mask, undefined, () => {}).then(
    () => ({}),
    (failure: CopyFailure) => ({ failure }),
  );
  const { rows } = await client.query<{ name: string }>('TABLE people');
  return { ...result, names: rows.map(({ name }) => name) };
}

describe('rows are masked whole, or not copied', () => {
  test('whatever chunks they come in', async () => {
    assert.deepEqual(await copied(['An', 'na\nBo', 'b\n']), { names: ['Lorem', 'Lorem'] });
  });

  test('a last row without its end is no row: the copy fails at the source, and nothing of it arrives', async () => {
    const { failure, names } = await copied(['Anna\nBo', 'b']);
    assert.ok(failure instanceof CopyFailure);
    assert.equal(failure.end, 'source');
    assert.ok(!names.includes('Bob'));
  });

  test('what a mask throws is the failure of the copy, and none of what the rows come from', async () => {
    const thrown = new Error('a form that no mask knows');
    const { failure, names } = await copied(['Anna\n'], () => {
      throw thrown;
    });
    assert.ok(failure instanceof CopyFailure);
    assert.equal(failure.cause, thrown);
    assert.equal(failure.end, 'target');
    assert.ok(!names.includes('Anna'));
  });
});

/** Rows as a server sends them: whole messages, several in a chunk. */
class Sent extends CopyOut {
  readonly #chunks: Buffer[];

  constructor(chunks: Buffer[][], rowCount: number) {
    super('');
    this.#chunks = chunks.map((bodies) => Buffer.concat(bodies.flatMap((body) => [headOf(body), body])));
    this.rowCount = rowCount;
  }

  override _read(): void {
    this.push(this.#chunks.shift() ?? null);
  }
}

function headOf(body: Buffer): Buffer {
  const head = Buffer.from('d\0\0\0\0');
  head.writeUInt32BE(4 + body.length, 1);
  return head;
}

describe('rows in the binary format', () => {
  const binary: CopyTask = { ...task, format: 'binary' };
  const row = (name: string) => binaryRow([name]);
  const lorem: RowMask = (_row, _start, _end, out) => append(out, row('Lorem'));

  async function copiedFrom(chunks: Buffer[][], mask = lorem) {
    await client.query('TRUNCATE people');
    const result = await copyTable(
      () => new Sent(chunks, 2),
      client,
      binary,
      mask,
      undefined,
      () => {},
    ).then(
      ({ rows }) => ({ rows }),
      (failure: CopyFailure) => ({ failure }),
    );
    const { rows } = await client.query<{ name: string }>('TABLE people');
    return { ...result, names: rows.map(({ name }) => name) };
  }

  test('are masked whole, in whatever chunks', async () => {
    const first = Buffer.concat([binaryHeader, row('Anna')]);
    for (const chunks of [
      [[first, row('Bob'), binaryTrailer]],
      [[first], [row('Bob')], [binaryTrailer]],
      // As no server that is known does.
      [[binaryHeader], [row('Anna'), row('Bob')], [binaryTrailer]],
    ])
      assert.deepEqual(await copiedFrom(chunks), { rows: 2, names: ['Lorem', 'Lorem'] });
  });

  const anna = Buffer.concat([binaryHeader, row('Anna')]);
  const failedOf = async (chunks: Buffer[][], mask = lorem) => {
    const { failure, names } = (await copiedFrom(chunks, mask)) as { failure?: CopyFailure; names: string[] };
    assert.ok(failure instanceof CopyFailure);
    assert.equal(failure.end, 'source');
    assert.deepEqual(names, []);
    return failure.cause;
  };

  test('that end before the last one are cut at the source, and none arrives', async () => {
    for (const chunks of [[[anna], [row('Bob')]], [[]]]) assert.ok((await failedOf(chunks)) instanceof CutRow);
  });

  test('that are none are the source’s failure, which is not tried again', async () => {
    const name: PlannedColumn = {
      ...{ name: 'name', rule: { mask: 'email' }, by: 'column', isArray: false },
      place: { family: 'text', type: 'text', unique: false },
    };
    const materials = createMaterials(Buffer.alloc(32, 'k'), dictionaries());
    const email = createTableMask(materials, { schema: 'public', name: 'people', columns: [name] }, 'binary');
    for (const chunks of [
      [[row('Anna'), binaryTrailer]],
      [[binaryHeader.subarray(0, 10)], [binaryTrailer]],
      [[Buffer.concat([Buffer.from('PGCOPX'), binaryHeader.subarray(6), row('Anna')]), binaryTrailer]],
      [[anna, binaryTrailer, row('Bob')]],
      // A row in two messages.
      [
        [anna, row('Bob').subarray(0, 5)],
        [row('Bob').subarray(5), binaryTrailer],
      ],
    ]) {
      const cause = await failedOf(chunks, email);
      assert.ok(cause instanceof Problem);
      assert.equal(cause.code, 'source-refused');
      assert.equal(cause.where, 'public.people');
    }
  });

  test('come and go as a server has them, of parts and of empty tables too', async () => {
    await client.query(`
      CREATE TABLE kept AS SELECT n AS id, 'name ' || n AS name, n / 7.0 AS share, now() + n * interval '1 s' AS at, ARRAY[n::text, NULL] AS tags
        FROM generate_series(1, 20000) n;
      CREATE TABLE kept_copy (LIKE kept); CREATE TABLE none (id int); CREATE TABLE none_copy (id int)`);
    const source = await server.connect('postgres');
    try {
      const same: RowMask = (bytes, start, end, out) => append(out, bytes, start, end);
      const read = (one: CopyTask) => source.query(new CopyOut(copyOutOf(one)));
      const copy = async (table: string, columns: string[], pages?: CopyTask['pages']) => {
        const one: CopyTask = { ...binary, table, columns, into: `${table}_copy`, ...(pages ? { pages } : {}) };
        return (await copyTable(read, client, one, same, undefined, () => {})).rows;
      };
      const columns = ['id', 'name', 'share', 'at', 'tags'];
      const parts = [
        await copy('kept', columns, { from: 0, to: 50 }),
        await copy('kept', columns, { from: 50, to: undefined }),
      ];
      assert.equal(parts[0]! + parts[1]!, 20_000);
      assert.ok(parts.every((rows) => rows > 1000));
      const { rows } = await client.query('(TABLE kept EXCEPT ALL TABLE kept_copy)');
      assert.deepEqual(rows, []);
      assert.equal(await copy('none', ['id']), 0);
    } finally {
      await source.end();
    }
  });
});

describe('large tables are copied in parts', () => {
  let catalog: SourceCatalog;
  const pageBytes = 8192;

  before(async () => {
    // 23 rows of a number on a page: 137 MB of them.
    await client.query(`
      CREATE SCHEMA large;
      CREATE TABLE large.numbers (id int NOT NULL) WITH (fillfactor = 10, autovacuum_enabled = off);
      INSERT INTO large.numbers SELECT n FROM generate_series(1, 385000) n;
      CREATE TABLE numbers_copy (id int NOT NULL)`);
    catalog = await readCatalog(client, ['large']);
  });

  function partsOf(heapBytes: number, { major = 14, workers = 4, isDump = false } = {}): CopyTask[] {
    const tables = catalog.tables.map((table) => ({ ...table, heapBytes }));
    const policy = parsePolicy({ tables: { 'large.numbers': { id: { keep: 'a number' } } } });
    return tasksOf(planMasking(catalog, policy).tables, { ...catalog, tables }, { major, workers, isDump });
  }

  test('from 128 MB on; pages come one after the other from the first, and the last part has no end', () => {
    for (const [megabytes, workers, parts] of [
      [128, 4, 4],
      [1024, 4, 16],
      [1024, 2, 8],
      [1024, 16, 32],
      [1024, 1, 4],
    ] as const) {
      for (const heapBytes of [megabytes << 20, (megabytes << 20) + 12_345 * pageBytes]) {
        const tasks = partsOf(heapBytes, { workers });
        const pages = tasks.map((task) => task.pages!);
        assert.ok(heapBytes !== megabytes << 20 || tasks.length === parts, `${megabytes} ${workers}: ${tasks.length}`);
        assert.equal(pages[0]!.from, 0);
        assert.equal(pages.at(-1)!.to, undefined);
        pages.slice(1).forEach(({ from }, index) => {
          const { from: before, to } = pages[index]!;
          assert.equal(from, to);
          // None much larger than another.
          assert.ok(Math.abs(from - before - heapBytes / pageBytes / tasks.length) <= 1);
        });
        assert.ok(pages.at(-1)!.from < heapBytes / pageBytes);
        for (const { table, columns, format } of tasks)
          assert.deepEqual([table, columns, format], ['numbers', ['id'], 'binary']);
      }
    }
  });

  test('smaller ones are whole, and all are where the server would read a table anew for each part', () => {
    const whole = (...how: Parameters<typeof partsOf>) => {
      const tasks = partsOf(...how);
      assert.equal(tasks.length, 1);
      assert.equal(tasks[0]!.pages, undefined);
    };
    whole(0);
    whole((128 << 20) - pageBytes);
    whole(1 << 30, { major: 13 });
    assert.equal(partsOf(1 << 30, { major: 14 }).length, 16);
  });

  test('which have every row once, in both formats', async () => {
    const source = await server.connect('postgres');
    try {
      const same: RowMask = (bytes, start, end, out) => append(out, bytes, start, end);
      const read = (one: CopyTask) => source.query(new CopyOut(copyOutOf(one)));
      for (const isDump of [false, true]) {
        const tasks = partsOf(catalog.tables[0]!.heapBytes, { isDump });
        assert.deepEqual([tasks.length, tasks[0]!.format], [4, isDump ? 'text' : 'binary']);
        // After the size was asked for.
        await client.query(
          'TRUNCATE numbers_copy; INSERT INTO large.numbers SELECT - n FROM generate_series(1, 100) n',
        );
        for (const one of tasks) {
          const { rows } = await copyTable(read, client, { ...one, into: 'numbers_copy' }, same, undefined, () => {});
          assert.ok(rows > 90_000);
        }
        const { rows } = await client.query(
          ['large.numbers', 'numbers_copy']
            .map((name) => `SELECT count(*)::int AS rows, sum(id), sum(hashint4extended(id, 0)) AS digest FROM ${name}`)
            .join(' UNION ALL '),
        );
        assert.deepEqual(rows[1], rows[0]);
        assert.equal(rows[0].rows, 385_100);
        await client.query('DELETE FROM large.numbers WHERE id < 0');
      }
    } finally {
      await source.end();
    }
  });
});
