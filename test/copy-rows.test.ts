import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import type { RowMask } from '../services/masking/rows/row.ts';
import { append } from '../services/masking/rows/sink.ts';
import { CopyFailure, copyTable } from '../services/snapshots/capture/copy-table.ts';
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

const task = { schema: 'public', table: 'people', columns: ['name'], oid: 1, filenode: 1, index: 0 };
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
