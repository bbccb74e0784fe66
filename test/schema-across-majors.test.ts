import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { changesBetween, type Schema } from '../services/database/schema.ts';
import { captured, comparable } from '../services/migrations/comparable-schema.ts';
import { type Compared, readCompared } from '../services/migrations/production.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { imageOf, majors } from './support/postgres-versions.ts';

/** Views that qualify their columns, and columns that are NOT NULL: both print otherwise from one major to the next. */
const schema = `
CREATE SCHEMA t;
CREATE TYPE t.mood AS ENUM ('well', 'ill');
CREATE TABLE t.a (id int PRIMARY KEY, name varchar(20) NOT NULL CHECK (name IN ('x', 'y')), mood t.mood DEFAULT 'well');
CREATE TABLE t.b (id int GENERATED ALWAYS AS IDENTITY, a_id int NOT NULL REFERENCES t.a, at timestamptz DEFAULT now());
CREATE INDEX ON t.b (a_id) WHERE at IS NOT NULL;
CREATE VIEW t.one AS SELECT a.id, a.name FROM t.a WHERE a.mood = 'well';
CREATE MATERIALIZED VIEW t.both AS SELECT a.name, count(*) FROM t.a JOIN t.b ON b.a_id = a.id GROUP BY 1;
CREATE FUNCTION t.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON t.a FOR EACH ROW EXECUTE FUNCTION t.touch();
`;

const servers: TestPostgres[] = [];
const read: Compared[] = [];
before(async () => {
  for (const [index, major] of majors.entries()) {
    const postgres = await startPostgres({ image: await imageOf(major) });
    servers.push(postgres);
    // A table more on the last, which is a difference whatever prints it.
    const last = index === majors.length - 1;
    await postgres.createDatabase('one', `${schema}${last ? 'CREATE TABLE t.more (id int);' : ''}`);
    const client = await postgres.connect('one');
    read.push(await readCompared(client, 't').finally(() => client.end()));
  }
});
after(() => Promise.all(servers.map((postgres) => postgres.remove())));

const compare = (one: Schema, other: Schema, sameMajor: boolean) =>
  changesBetween(comparable(captured(one), sameMajor), comparable(captured(other), sameMajor)).map(
    ({ change, object }) => `${change} ${object}`,
  );

test('there are several majors, and what they print is not the same', () => {
  assert.deepEqual(
    read.map(({ major }) => major),
    majors,
  );
  const [first, last] = [read[0]!, read.at(-1)!];
  assert.ok(compare(first.schema, last.schema, true).length > 2);
});

test('between two majors only what is another object is a difference', () => {
  for (const { major, schema: older } of read.slice(0, -1)) {
    assert.deepEqual(
      compare(older, read.at(-1)!.schema, false),
      ['added column t.more.id', 'added table t.more'],
      `from ${major}`,
    );
  }
});
