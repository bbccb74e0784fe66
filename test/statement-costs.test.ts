import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { preloadedBy } from '../services/rehearsals/preload.ts';
import { observeStatements } from './support/observe.ts';
import { majors } from './support/postgres-versions.ts';

const schema = `
CREATE TABLE a (id int PRIMARY KEY, n int);
INSERT INTO a SELECT i, i FROM generate_series(1, 200) i;
CREATE TABLE b (id int, note text);
INSERT INTO b SELECT i, i FROM generate_series(1, 100) i;
`;

const asked = [
  { id: 'm0-update', sql: 'UPDATE a SET n = n + 1', rows: 200, writes: true },
  { id: 'm1-delete', sql: 'DELETE FROM b WHERE id <= 50', rows: 50, writes: true },
  { id: 'm2-insert', sql: 'INSERT INTO b SELECT i FROM generate_series(1, 30) i', rows: 30, writes: true },
  {
    id: 'm3-merge',
    sql: 'MERGE INTO b USING a ON a.id = b.id AND a.id <= 7 WHEN MATCHED THEN DELETE',
    rows: 7,
    writes: true,
  },
  { id: 'm4-select', sql: 'SELECT FROM a WHERE id <= 3', rows: 3 },
  { id: 'm5-as', sql: 'CREATE TABLE copied AS SELECT * FROM a WHERE id <= 9', rows: 9, writes: true },
  { id: 'm6-block', sql: `DO $$ BEGIN UPDATE b SET note = note || 'x'; END $$`, writes: true },
  { id: 'm7-often', sql: `INSERT INTO b (note) VALUES ('secret')`, times: 300, rows: 300, writes: true },
  { id: 'm8-here', sql: `UPDATE b SET note = 'here' WHERE id = 1` },
  { id: 'm9-and-there', sql: `UPDATE b SET note = 'there' WHERE id = 2` },
  {
    id: 'n0-two',
    sql: 'UPDATE a SET n = 0 WHERE n < 5; DELETE FROM b WHERE note = $$3$$ OR id = 60',
    rows: 6,
    writes: true,
  },
  { id: 'n1-mixed', sql: 'ALTER TABLE b ADD COLUMN c int; UPDATE b SET c = 1 WHERE id > 98', rows: 2, writes: true },
  { id: 'n2-again', sql: 'DELETE FROM a WHERE n = 7; SELECT 1; SELECT 2' },
  { id: 'n3-and-again', sql: 'SELECT 3; DELETE FROM a WHERE n = 8' },
];

for (const major of majors) {
  describe(`what a statement did, on Postgres ${major}`, async () => {
    const { observed } = await observeStatements(major, schema, asked);
    for (const { id, sql, rows, writes, times } of asked) {
      test(`${id}: ${sql}`, () => {
        const [statement, ...more] = observed.statements.filter(
          ({ migration, sql: text }) => migration === id && !/pg_|search_path|greenroom_observe/.test(text),
        );
        assert.deepEqual(more, [], 'what differs in its values only is one');
        assert.equal(statement!.rows, rows);
        assert.equal(statement!.calls, times);
        // What was asked in two migrations is nobody's in particular.
        if (writes) assert.ok(statement!.walBytes! > 0);
        else if (rows === undefined) assert.equal(statement!.walBytes, undefined);
      });
    }
    test('what each adds to the tables is in its migration', () => {
      const growth = (id: string) => observed.migrations.find(({ migration }) => migration === id)!.growth!;
      const [copied] = growth('m5-as');
      assert.equal(copied!.table, 't.copied');
      assert.ok(copied!.bytes >= 8192);
      assert.ok(
        growth('m0-update').some(({ table, bytes }) => table === 't.a' && bytes > 0),
        'each row is there twice',
      );
      assert.deepEqual(
        growth('m4-select').filter(({ bytes }) => bytes > 0),
        [],
      );
    });
    test('values of rows are not in it', () => assert.ok(!JSON.stringify(observed).includes('secret')));
  });
}

test('what a server preloads anyway it goes on preloading', () => {
  const sample = "#shared_preload_libraries = ''\n#include_dir = '...'\n";
  const cases: [files: string, command: string[], expected: string | undefined][] = [
    [sample, ['postgres'], ''],
    [`${sample}shared_preload_libraries = 'timescaledb' # (change requires restart)\n`, [], 'timescaledb'],
    ["shared_preload_libraries = 'a'\nShared_Preload_Libraries = 'b,c'\n", [], 'b,c'],
    ["shared_preload_libraries 'a'\n", ['postgres', '-c', 'shared_preload_libraries=x, y'], 'x, y'],
    ['', ['postgres', '-cshared_preload_libraries=x', '--shared-preload-libraries=z'], 'z'],
    ["include 'more.conf'\n", ['postgres'], undefined],
    ['', ['postgres', '-c', 'config_file=/etc/postgresql.conf'], undefined],
    ['', ['sh', '-c', 'exec postgres -c shared_preload_libraries=x'], undefined],
  ];
  for (const [files, command, expected] of cases)
    assert.equal(preloadedBy(files, command), expected, `${files} ${command}`);
});
