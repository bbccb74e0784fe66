import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { findingsOf, ruleIds, suppress } from '../services/rehearsals/findings/findings.ts';
import { lockOrder } from '../services/rehearsals/lock-order.ts';
import { observeStatements } from './support/observe.ts';

const schema = `
CREATE TYPE e AS ENUM ('one', 'two');
CREATE DOMAIN d AS int;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE a (id int PRIMARY KEY, n int NOT NULL, m int, s varchar(10), x text);
INSERT INTO a SELECT i, i, i, i, i FROM generate_series(1, 2000) i;
CREATE INDEX a_n_idx ON a (n);
CREATE UNIQUE INDEX a_m_key ON a (m);
CREATE TABLE b (id int NOT NULL, a_id int, note text);
INSERT INTO b SELECT i, i, i FROM generate_series(1, 2000) i;
CREATE INDEX b_a_id ON b (a_id);
CREATE TABLE k (id int, n int, CHECK (n IS NOT NULL));
INSERT INTO k VALUES (1, 1);
CREATE TABLE p (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
CREATE TABLE p2 (id int, n int);
INSERT INTO p2 VALUES (100, 1);
CREATE TABLE proved (id int, n int, CHECK (id >= 200 AND id < 300 AND id IS NOT NULL));
CREATE TABLE boss (id int PRIMARY KEY, name text);
CREATE TABLE worker (boss_id int REFERENCES boss ON DELETE CASCADE, name text);
CREATE TABLE guest (boss_id int REFERENCES boss, name text);
CREATE TABLE u (id int, v d);
CREATE VIEW v AS SELECT id FROM k;
CREATE MATERIALIZED VIEW mv AS SELECT id FROM k;
CREATE UNIQUE INDEX mv_id ON mv (id);
`;

/** A statement that breaks the rule, and where; and one that looks like it and does not. */
interface Case {
  rule: string;
  bad: string;
  where: string;
  good?: string;
  alone?: boolean;
  fails?: boolean;
}

const cases: Case[] = [
  {
    rule: 'index-blocks-writes',
    bad: 'CREATE INDEX ON a (x)',
    where: 't.a',
    good: 'CREATE TABLE own (id int); CREATE INDEX ON own (id)',
  },
  {
    rule: 'drop-index-blocks',
    bad: 'DROP INDEX a_n_idx',
    where: 't.a',
    good: 'CREATE TABLE own (id int); CREATE INDEX i ON own (id); DROP INDEX i',
  },
  { rule: 'reindex-blocks', bad: 'REINDEX TABLE a', where: 't.a' },
  {
    rule: 'table-rewritten',
    bad: 'ALTER TABLE a ALTER COLUMN n TYPE bigint',
    where: 't.a',
    good: 'ALTER TABLE a ALTER COLUMN s TYPE text',
  },
  {
    rule: 'table-rewritten',
    bad: 'ALTER TABLE a ADD COLUMN c float8 DEFAULT random()',
    where: 't.a',
    good: 'ALTER TABLE a ADD COLUMN c timestamptz DEFAULT now()',
  },
  { rule: 'table-rewritten', bad: 'DO $$ BEGIN ALTER TABLE a ALTER COLUMN n TYPE bigint; END $$', where: 't.a' },
  {
    rule: 'serial-added',
    bad: 'ALTER TABLE a ADD COLUMN c bigserial',
    where: 't.a.c',
    good: 'CREATE TABLE own (id bigserial)',
  },
  { rule: 'serial-added', bad: 'ALTER TABLE a ADD COLUMN c int GENERATED ALWAYS AS (n * 2) STORED', where: 't.a.c' },
  {
    rule: 'not-null-scans-table',
    bad: 'ALTER TABLE a ALTER COLUMN m SET NOT NULL',
    where: 't.a.m',
    good: 'ALTER TABLE k ALTER COLUMN n SET NOT NULL',
  },
  {
    rule: 'check-scans-table',
    bad: 'ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0)',
    where: 't.a.c',
    good: 'ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0) NOT VALID',
  },
  {
    rule: 'foreign-key-scans-table',
    bad: 'ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (a_id) REFERENCES a',
    where: 't.b.f',
    good: 'ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (a_id) REFERENCES a NOT VALID',
  },
  {
    rule: 'constraint-builds-index',
    bad: 'ALTER TABLE a ADD CONSTRAINT c UNIQUE (n)',
    where: 't.a.n',
    good: 'ALTER TABLE a ADD CONSTRAINT c UNIQUE USING INDEX a_m_key',
  },
  {
    rule: 'primary-key-scans-table',
    bad: 'ALTER TABLE a DROP CONSTRAINT a_pkey; ALTER TABLE a ADD PRIMARY KEY USING INDEX a_m_key',
    where: 't.a',
  },
  { rule: 'exclusion-constraint-blocks', bad: 'ALTER TABLE a ADD CONSTRAINT c EXCLUDE (n WITH =)', where: 't.a.c' },
  {
    rule: 'refresh-blocks-reads',
    bad: 'REFRESH MATERIALIZED VIEW mv',
    where: 't.mv',
    good: 'REFRESH MATERIALIZED VIEW CONCURRENTLY mv',
  },
  { rule: 'maintenance-in-migration', bad: 'VACUUM FULL b', where: 't.b', alone: true },
  { rule: 'table-locked', bad: 'LOCK TABLE a', where: 't.a', good: 'LOCK TABLE a IN ROW SHARE MODE' },
  { rule: 'truncate', bad: 'TRUNCATE b', where: 't.b', good: 'CREATE TABLE own (id int); TRUNCATE own' },
  {
    rule: 'attach-partition-scans',
    bad: 'ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (100) TO (200)',
    where: 't.p2',
    good: 'ALTER TABLE p ATTACH PARTITION proved FOR VALUES FROM (200) TO (300)',
  },
  { rule: 'detach-partition-blocks', bad: 'ALTER TABLE p DETACH PARTITION p1', where: 't.p' },
  {
    rule: 'trigger-blocks-writes',
    bad: 'CREATE TRIGGER c BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION touch()',
    where: 't.a',
  },
  {
    rule: 'domain-constraint-scans',
    bad: 'ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)',
    where: 'd',
    good: 'ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID',
  },
  {
    rule: 'drop-column',
    bad: 'ALTER TABLE a DROP COLUMN x',
    where: 't.a.x',
    good: 'CREATE TABLE own (id int, x int); ALTER TABLE own DROP COLUMN x',
  },
  { rule: 'drop-table', bad: 'DROP TABLE b', where: 't.b', good: 'CREATE TABLE own (id int); DROP TABLE own' },
  { rule: 'drop-view', bad: 'DROP VIEW v', where: 't.v' },
  { rule: 'drop-type', bad: 'DROP TYPE e', where: 'e' },
  { rule: 'drop-schema', bad: 'CREATE SCHEMA gone; DROP SCHEMA gone', where: 'gone' },
  {
    rule: 'rename',
    bad: 'ALTER TABLE a RENAME COLUMN x TO y',
    where: 't.a.x',
    good: 'ALTER INDEX a_n_idx RENAME TO i',
  },
  { rule: 'rename', bad: 'ALTER TABLE b RENAME TO c', where: 't.b' },
  { rule: 'set-schema', bad: 'ALTER TABLE b SET SCHEMA public', where: 't.b' },
  {
    rule: 'required-column',
    bad: 'ALTER TABLE a ADD COLUMN c int NOT NULL',
    where: 't.a.c',
    good: 'ALTER TABLE a ADD COLUMN c int NOT NULL DEFAULT 1',
    fails: true,
  },
  { rule: 'drop-not-null', bad: 'ALTER TABLE a ALTER COLUMN n DROP NOT NULL', where: 't.a.n' },
  {
    rule: 'enum-value-renamed',
    bad: `ALTER TYPE e RENAME VALUE 'one' TO 'first'`,
    where: 'e.one',
    good: `ALTER TYPE e ADD VALUE 'three' AFTER 'two'`,
  },
  { rule: 'column-type-changed', bad: 'ALTER TABLE a ALTER COLUMN s TYPE text', where: 't.a.s' },
  { rule: 'concurrently-in-transaction', bad: 'CREATE INDEX CONCURRENTLY i ON a (x)', where: 't.a', fails: true },
  { rule: 'enum-value-used-at-once', bad: `ALTER TYPE e ADD VALUE 'now'; SELECT 'now'::e`, where: 'e', fails: true },
  { rule: 'transaction-control', bad: 'COMMIT; BEGIN', where: '*', good: 'SAVEPOINT s' },
  { rule: 'concurrently-not-repeatable', bad: 'CREATE INDEX CONCURRENTLY j ON a (s)', where: 't.a', alone: true },
  {
    rule: 'new-table-may-exist',
    bad: 'CREATE TABLE IF NOT EXISTS a (id int)',
    where: 't.a',
    good: 'CREATE TABLE IF NOT EXISTS own (id int)',
  },
  {
    rule: 'small-key',
    bad: 'CREATE TABLE own (id int PRIMARY KEY)',
    where: 'own.id',
    good: 'CREATE TABLE own (id bigint PRIMARY KEY)',
  },
  {
    rule: 'serial',
    bad: 'CREATE TABLE own (id bigserial)',
    where: 'own.id',
    good: 'CREATE TABLE own (id bigint GENERATED BY DEFAULT AS IDENTITY)',
  },
  { rule: 'char-type', bad: 'CREATE TABLE own (c char(3))', where: 'own.c', good: 'CREATE TABLE own (c text)' },
  {
    rule: 'varchar-limit',
    bad: 'ALTER TABLE a ADD COLUMN c varchar(30)',
    where: 't.a.c',
    good: 'ALTER TABLE a ADD COLUMN c varchar',
  },
  {
    rule: 'timestamp-without-zone',
    bad: 'ALTER TABLE a ADD COLUMN c timestamp',
    where: 't.a.c',
    good: 'ALTER TABLE a ADD COLUMN c timestamptz',
  },
  {
    rule: 'json-type',
    bad: 'ALTER TABLE a ADD COLUMN c json',
    where: 't.a.c',
    good: 'ALTER TABLE a ADD COLUMN c jsonb',
  },
  { rule: 'money-type', bad: 'ALTER TABLE a ADD COLUMN c money', where: 't.a.c' },
  { rule: 'new-enum', bad: `CREATE TYPE colour AS ENUM ('red')`, where: 'colour' },
  {
    rule: 'enum-value-without-place',
    bad: `ALTER TYPE e ADD VALUE 'three'`,
    where: 'e',
    good: `ALTER TYPE e ADD VALUE 'three' BEFORE 'one'`,
  },
  {
    rule: 'domain-with-constraint',
    bad: 'CREATE DOMAIN more AS int CHECK (VALUE > 0)',
    where: 'more',
    good: 'CREATE DOMAIN more AS int',
  },
  {
    rule: 'wide-index',
    bad: 'CREATE INDEX ON a (id, n, m, s)',
    where: 't.a',
    good: 'CREATE UNIQUE INDEX ON a (id, n, m, s)',
  },
  { rule: 'unlogged-table', bad: 'CREATE UNLOGGED TABLE own (id int)', where: 'own' },
  {
    rule: 'foreign-key-without-index',
    bad: 'ALTER TABLE b ADD FOREIGN KEY (id) REFERENCES a',
    where: 't.b.id',
    good: 'ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a',
  },
  {
    rule: 'work-under-lock',
    bad: 'ALTER TABLE a ADD COLUMN c int; SELECT pg_sleep(0.2)',
    where: 't.a',
    good: 'SELECT pg_sleep(0.2); ALTER TABLE a ADD COLUMN c int',
  },
  {
    rule: 'parent-locked-first',
    bad: 'ALTER TABLE boss ADD COLUMN c int; ALTER TABLE worker ADD COLUMN c int',
    where: 't.worker',
    good: 'ALTER TABLE worker ADD COLUMN c int; ALTER TABLE boss ADD COLUMN c int',
  },
  // Whoever checks a key reads past an index that is being built.
  {
    rule: 'parent-locked-first',
    bad: 'LOCK TABLE boss IN EXCLUSIVE MODE; CREATE INDEX ON worker (name)',
    where: 't.worker',
    good: 'CREATE INDEX ON boss (name); ALTER TABLE worker ADD COLUMN c int',
  },
  {
    rule: 'child-locked-first',
    bad: 'CREATE INDEX ON worker (name); CREATE INDEX ON boss (name)',
    where: 't.boss',
    good: 'CREATE INDEX ON guest (name); CREATE INDEX ON boss (name)',
  },
  {
    rule: 'child-locked-first',
    bad: 'ALTER TABLE guest ADD COLUMN c int; ALTER TABLE boss ADD COLUMN c int',
    where: 't.boss',
    good: 'ALTER TABLE guest ADD COLUMN c int; ALTER TABLE b ADD COLUMN c int',
  },
  {
    rule: 'several-alters',
    bad: 'ALTER TABLE a ADD COLUMN c int; ALTER TABLE a ADD COLUMN e int',
    where: 't.a',
    good: 'ALTER TABLE a ADD COLUMN c int, ADD COLUMN e int',
  },
];

/** Nothing to be said of it: what looks harmful to who reads the text only, or a lock list only. */
const harmless = [
  'ALTER TABLE a ADD COLUMN c text',
  'ALTER TABLE a ADD COLUMN c int NOT NULL DEFAULT 5',
  'CREATE TABLE own (id bigint PRIMARY KEY, a_id int); CREATE INDEX ON own (a_id); ALTER TABLE own ALTER COLUMN a_id SET NOT NULL',
  `UPDATE b SET note = 'x' WHERE id = 1`,
  'CREATE VIEW w AS SELECT id FROM a',
  'ALTER TABLE a ALTER COLUMN n SET DEFAULT 1',
  'INSERT INTO b VALUES (1, 1)',
];

describe('findings', async () => {
  const asked = cases.flatMap(({ bad, good, alone, fails }, index) => {
    const id = `m${String(index).padStart(3, '0')}`;
    const options = { ...(alone ? { alone } : {}), ...(fails ? { fails } : {}) };
    return [{ id: `${id}-bad`, sql: bad, ...options }, ...(good ? [{ id: `${id}-good`, sql: good }] : [])];
  });
  const quiet = harmless.map((sql, index) => ({ id: `q${index}`, sql }));
  const { observed, known } = await observeStatements(17, schema, [...asked, ...quiet]);
  const findings = findingsOf(observed, known);
  const of = (id: string) => findings.filter(({ migration }) => migration === id);

  for (const [index, { rule, bad, good, where }] of cases.entries()) {
    const id = `m${String(index).padStart(3, '0')}`;
    test(`${rule}: ${bad}`, () => {
      const found = of(`${id}-bad`).filter((finding) => finding.id === rule);
      assert.ok(found.length === 1 || (where === '*' && found.length > 0), JSON.stringify(of(`${id}-bad`)));
      if (where !== '*') assert.equal(found[0]!.where, where);
      if (good) {
        const wrongly = of(`${id}-good`).filter((finding) => finding.id === rule);
        assert.deepEqual(wrongly, [], good);
      }
    });
  }

  for (const { id, sql } of quiet) {
    test(`nothing is said against: ${sql}`, () => assert.deepEqual(of(id), []));
  }

  test('every rule is shown to find something', () => {
    const shown = new Set(cases.map(({ rule }) => rule));
    assert.deepEqual(
      ruleIds.filter((id) => !shown.has(id)),
      ['drop-database'],
      'a database cannot be dropped in a transaction',
    );
  });

  test('every rule is in the documentation', async () => {
    const text = await readFile(new URL('../docs/rehearsals.md', import.meta.url), 'utf8');
    assert.deepEqual(
      ruleIds.filter((id) => !text.includes(`\`${id}\``)),
      [],
    );
  });

  test('the order of a transaction’s locks is told, a table each', () => {
    const id = `m${String(cases.findIndex(({ rule }) => rule === 'parent-locked-first')).padStart(3, '0')}-bad`;
    const orders = lockOrder(observed.locks.filter(({ migration }) => migration === id));
    assert.deepEqual(
      orders.map(({ locks }) => locks.map(({ table, mode }) => `${table} ${mode}`)),
      [['t.boss AccessExclusiveLock', 't.worker AccessExclusiveLock']],
    );
  });

  test('what was seen to be over at once is a warning, what cannot be known an error', () => {
    const severity = (id: string) => findings.find((finding) => finding.id === id)!.severity;
    assert.equal(severity('index-blocks-writes'), 'warning');
    assert.equal(severity('drop-column'), 'error');
    const strict = findingsOf(observed, { ...known, maxLockMs: -1 });
    assert.equal(strict.find(({ id }) => id === 'index-blocks-writes')!.severity, 'error');
  });

  test('the project accepts a finding at one place, for a time', () => {
    const accept = { rule: 'drop-column', where: 't.a.x', reason: 'not read since v1', until: '2026-02-01' };
    const [found] = suppress(
      of(`m${String(cases.findIndex(({ rule }) => rule === 'drop-column')).padStart(3, '0')}-bad`),
      [accept],
      '2026-01-31',
    );
    assert.deepEqual(found!.suppressed, { reason: accept.reason, until: accept.until });
    assert.equal(suppress([found!], [{ ...accept, where: 't.b' }], '2026-01-31')[0]!.suppressed?.until, '2026-02-01');
    const { suppressed: _, ...fresh } = found!;
    assert.equal(suppress([fresh], [accept], '2026-02-01')[0]!.suppressed, undefined, 'it has expired');
    assert.equal(
      suppress([fresh], [{ ...accept, where: 't.b' }], '2026-01-31')[0]!.suppressed,
      undefined,
      'it is elsewhere',
    );
  });
});
