import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { removeInstallation } from '../services/engine/clean-up.ts';
import type { Problem } from '../services/errors.ts';
import { type CaptureOptions, captureDatabase } from '../services/snapshots/capture/capture.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, reader, refusedCapture } from './support/source.ts';

/** A table of people, masked; and what an application keeps beside it, innocent in one database, full of them in the other. */
const schema = (planted: (person: number, leak: string, innocent: string) => string) => `
CREATE SCHEMA app;
CREATE EXTENSION hstore SCHEMA app;
SET search_path = app;
CREATE TABLE people (
  id integer PRIMARY KEY, name text NOT NULL, first text NOT NULL, email text NOT NULL UNIQUE, phone text, born date, profile jsonb,
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', name || ' ' || email)) STORED);
INSERT INTO people
SELECT n, 'Zofia Quellmann' || n, (ARRAY['James', 'Mary', 'Robert', 'Linda'])[1 + n % 4], 'person' || n || '@corp.test',
  '+49 30 ' || 55500000 + n * 7, '1980-01-01'::date + n, jsonb_build_object('mail', 'person' || n || '@corp.test', 'n', n)
FROM generate_series(1, 400) n;
INSERT INTO people VALUES (401, 'James Smith', 'James', 'person401@corp.test', NULL, NULL, NULL);

CREATE TYPE contact AS (kind text, address text);
CREATE TYPE level AS ENUM ('gold', ${planted(20, "'person20@corp.test'", "'silver'")});
CREATE TABLE kept (
  id integer PRIMARY KEY DEFAULT 1,
  body text, document jsonb, list text[], attributes hstore, contact contact, raw bytea, vector tsvector, copied text,
  lowered text GENERATED ALWAYS AS (lower(copied)) STORED, by text DEFAULT ${planted(21, "'person21@corp.test'", "'nobody'")},
  level level, CONSTRAINT known CHECK (by <> ${planted(22, "'person22@corp.test'", "'x'")}));
INSERT INTO kept (id, body, document, list, attributes, contact, raw, vector, copied) SELECT n, 'James wrote, nothing else ' || n, '{"a": 1}',
  ARRAY['x', 'y'], 'k=>v'::hstore, ROW('mail', 'none')::contact, '\\x00ff', to_tsvector('english', 'a word'), 'copy ' || n FROM generate_series(1, 30) n;
ALTER TABLE kept ADD CONSTRAINT never_checked CHECK (id < 10) NOT VALID;
CREATE TABLE notes (id integer, body text) PARTITION BY LIST (body);
CREATE TABLE notes_one PARTITION OF notes FOR VALUES IN (${planted(23, "'person23@corp.test'", "'one'")});
CREATE MATERIALIZED VIEW copies AS SELECT id, 'see ' || copied AS said FROM kept;
CREATE TABLE ${planted(26, '"person26@corp.test"', 'notes_two')} PARTITION OF notes FOR VALUES IN ('two');
CREATE FUNCTION is_known(e text) RETURNS boolean LANGUAGE sql RETURN e IN (${planted(25, "'person25@corp.test'", "'x'")});
CREATE TYPE badge AS (${planted(27, '"person27@corp.test"', 'number')} text);
CREATE SCHEMA ${planted(28, '"person28@corp.test"', 'another')};
GRANT SELECT ON notes TO ${planted(29, '"person29@corp.test"', 'reader')};
CREATE FUNCTION ${planted(31, '"person31@corp.test"', 'ordinary')}() RETURNS text LANGUAGE sql AS $$ SELECT 'nothing' $$;
ALTER TABLE kept ADD CONSTRAINT ${planted(32, '"person32@corp.test"', 'ordinary')} CHECK (by <> 'y');
CREATE VIEW chosen AS SELECT * FROM people WHERE email = ${planted(24, "'person24@corp.test'", "'x'")};
ANALYZE;
`;

const leaks = `
SET search_path = app;
UPDATE kept SET body = 'Write to person1@corp.test (or call +49-30-5550-0014), please' WHERE id = 1;
UPDATE kept SET document = '{"a": [{"person3@corp.test": true}], "b": {"c": "PERSON4@corp.test"}}' WHERE id = 2;
UPDATE kept SET list = ARRAY['x', 'person5@corp.test'] WHERE id = 3;
UPDATE kept SET attributes = 'k=>"person6@corp.test"' WHERE id = 4;
UPDATE kept SET contact = ROW('mail', 'person7@corp.test') WHERE id = 5;
UPDATE kept SET raw = convert_to('header person8@corp.test trailer', 'UTF8') WHERE id = 6;
UPDATE kept SET vector = to_tsvector('simple', 'by person9@corp.test for Zofia Quellmann10') WHERE id = 7;
UPDATE kept SET copied = 'Person11@corp.test' WHERE id = 8;
ANALYZE;
`;

const keep = { keep: 'says nothing about anybody' };
const keptColumns = [
  'id',
  'body',
  'document',
  'list',
  'attributes',
  'contact',
  'raw',
  'vector',
  'copied',
  'by',
  'level',
];
const policy = {
  tables: {
    'app.people': {
      id: keep,
      name: { mask: 'full_name' },
      first: { mask: 'first_name' },
      email: { mask: 'email' },
      phone: { mask: 'phone' },
      born: { mask: 'date' },
      profile: { mask: 'json', fields: { mail: 'email' } },
    },
    'app.kept': Object.fromEntries(keptColumns.map((column) => [column, keep])),
    'app.notes': { id: keep, body: keep },
  },
};

const said = (of: Problem) => of.errors!.map(({ where, what }) => `${where} ${what}`);
const host = testHost();
let production: TestPostgres;

const optionsFor = (database: string, more: Partial<CaptureOptions> = {}) =>
  captureOf(host, { url: production.url(database, reader) }, { policy, ...more });

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  const login = `CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;`;
  await production.createDatabase('shop', login + schema((_person, _leak, innocent) => innocent));
  await production.createDatabase(
    'leaking',
    `CREATE ROLE "person29@corp.test"; ${schema((_person, leak) => leak)}${leaks}
    ALTER DATABASE leaking SET search_path = app, "person30@corp.test";`,
  );
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

describe('a capture in which no original is left', () => {
  let report: CaptureReport;

  before(async () => {
    report = await captureDatabase(optionsFor('shop'));
  });

  test('passes, and its report says what was searched', () => {
    const { tables } = report;
    const audit = report.audit!;
    assert.equal(audit.hits, 0);
    const { coverage } = audit;
    // people, kept, notes_one, notes_two, copies
    assert.equal(coverage.relations, 5);
    assert.equal(coverage.columns, 8 + 12 + 2 + 2 + 2);
    assert.equal(coverage.rows, 401 + 30 + 30);
    assert.equal(
      coverage.rows,
      tables.reduce((sum, { rows }) => sum + rows, 30),
    );
    // Of 8, 12 and 2 columns; of the last person phone, birthday and profile are NULL, of what is kept the level.
    assert.equal(coverage.values, 401 * 8 - 3 + 30 * 11 + 30 * 2);
    assert.ok(coverage.words > coverage.values);
    assert.ok(coverage.texts > 20);
    assert.ok(audit.durationMs.search > 0);
    assert.equal(audit.originals.spilledBytes, 0);
  });

  test('says of every masked column how it was judged', () => {
    const judged = Object.fromEntries(
      report.audit!.columns.map(({ column, technique, judged, values, searched, equal }) => [
        `${column} ${technique}`,
        { judged, values, searched, equal },
      ]),
    );
    const { 'first first_name': first, ...others } = judged;
    assert.deepEqual({ ...first, equal: 0 }, { judged: 'per-row', values: 401, searched: 0, equal: 0 });
    assert.deepEqual(others, {
      'name full_name': { judged: 'everywhere', values: 401, searched: 401, equal: 0 },
      'email email': { judged: 'everywhere', values: 401, searched: 401, equal: 0 },
      'phone phone': { judged: 'everywhere', values: 400, searched: 400, equal: 0 },
      'born date': { judged: 'per-row', values: 400, searched: 0, equal: 0 },
      'profile json': { judged: 'everywhere', values: 0, searched: 0, equal: 0 },
      'profile json: text': { judged: 'everywhere', values: 0, searched: 0, equal: 0 },
      'profile json: email': { judged: 'everywhere', values: 400, searched: 400, equal: 0 },
    });
    assert.equal(report.audit!.originals.kept, 401 + 401 + 400 + 400);
    const email = report.audit!.columns.find(({ column }) => column === 'email')!;
    assert.ok(Math.abs(email.distinctIn - 401) <= 30, String(email.distinctIn));
  });

  test('has every constraint of the source; what is not valid there is named', () => {
    const { checked, notValid } = report.audit!.constraints;
    assert.equal(checked, 6, 'three keys, each with its index, and three checks');
    assert.deepEqual(notValid, ['app.kept (never_checked)']);
  });

  test('its report holds no original', () => assert.doesNotMatch(JSON.stringify(report), /corp|quellmann|555000/i));
});

describe('a capture in which originals are left', () => {
  const secrets = ['corp.test', 'Quellmann'];
  let problem: Problem;

  before(async () => {
    problem = await refusedCapture(optionsFor('leaking'), production, secrets);
  });

  const holds = (place: string, column: string, originals = 1, times = originals) =>
    `app.${place} holds ${originals} original${originals === 1 ? '' : 's'} of app.people.${column} (${times} time${times === 1 ? '' : 's'})`;

  test('fails, and nothing of it is left', () => assert.equal(problem.code, 'audit-failed'));

  for (const [what, expected] of [
    ['a sentence', holds('kept.body', 'email')],
    ['a number written otherwise', holds('kept.body', 'phone')],
    ['a key and a value of a document, in another case', holds('kept.document', 'email', 2)],
    ['an element of an array', holds('kept.list', 'email')],
    ['an hstore', holds('kept.attributes', 'email')],
    ['a composite', holds('kept.contact', 'email')],
    ['raw bytes', holds('kept.raw', 'email')],
    ['a lexeme', holds('kept.vector', 'email')],
    ['lexemes that follow each other', holds('kept.vector', 'name')],
    ['a copy', holds('kept.copied', 'email')],
    ['a generated column', holds('kept.lowered', 'email')],
    ['a materialized view', holds('copies.said', 'email')],
    ['an enum label', holds('level (enum)', 'email')],
    ['a default', holds('kept.by (default)', 'email')],
    ['rows that hold the default', holds('kept.by', 'email', 1, 30)],
    ['a check', holds('kept (constraint)', 'email')],
    ['a partition bound', holds('notes_one (partition bound)', 'email')],
    ['a view', holds('chosen (definition)', 'email')],
    ['statistics', holds('kept.by (statistics)', 'email')],
    ['a function that is called by one, without its name', holds(' (function)', 'email').replace('app. ', 'app ')],
    ['a setting', 'settings of roles and databases holds 1 original of app.people.email (1 time)'],
  ] as const) {
    test(`names ${what}`, () => assert.ok(said(problem).includes(expected), said(problem).join('\n')));
  }

  const rename = /^Rename it at the source, or leave its schema out/;
  for (const [place, expected] of [
    ['app (name of a table)', rename],
    ['app.badge (name of a column)', rename],
    ['the database (name of a schema)', rename],
    ['the server (name of a role)', /^At the source, give rights to roles/],
    ['app (function)', /^Take it out of the schema/],
  ] as const) {
    test(`says what to do about ${place}`, () => {
      const remedies = problem.errors!.filter(({ where }) => where === place).map(({ remedy }) => remedy!);
      assert.ok(remedies.length >= 2, said(problem).join('\n'));
      for (const remedy of remedies) assert.match(remedy, expected);
    });
  }

  test('names the column that was masked in documents, too', () => {
    assert.ok(said(problem).includes(holds('kept.body', 'profile')), said(problem).join('\n'));
  });

  test('accuses no masked column', () => {
    assert.deepEqual(
      problem.errors!.filter(({ where }) => where.startsWith('app.people')),
      [],
    );
  });

  test('finds the same when hashes did not fit into memory, and leaves no file of them', async () => {
    const again = await refusedCapture(optionsFor('leaking', { auditMemoryBytes: 0 }), production, secrets);
    assert.deepEqual(said(again), said(problem));
    assert.deepEqual(await readdir(tmpdir()), []);
  });
});

test('moments that have the numbers of an address, and neighbours in statistics, are no leaks', async () => {
  await production.createDatabase(
    'calm',
    `CREATE SCHEMA app; SET search_path = app;
    CREATE TABLE people (name text);
    INSERT INTO people VALUES ('Mara Nolte');
    CREATE TABLE words (word text);
    INSERT INTO words VALUES ('Anke'), ('Mara'), ('Nolte'), ('Zora');
    CREATE TABLE visits (ip inet, at timestamptz, span tstzrange, hours time[], took interval, line text);
    INSERT INTO visits VALUES ('23.16.18.20', '2025-02-23 16:18:20+00', '[2025-02-23 16:18:20+00,)', '{23:16:18,20:00:00}', '23:16:18.20',
      'done at 2025-02-23 16:18:20');
    ANALYZE;`,
  );
  const masked = { name: { mask: 'full_name' }, ip: { mask: 'ip' } };
  const kept = { at: keep, span: keep, hours: keep, took: keep, line: keep };
  const tables = {
    'app.people': { name: masked.name },
    'app.words': { word: keep },
    'app.visits': { ip: masked.ip, ...kept },
  };
  const { audit } = await captureDatabase(optionsFor('calm', { policy: { tables } }));
  assert.deepEqual(
    audit!.columns.map(({ column, searched }) => [column, searched]),
    [
      ['name', 1],
      ['ip', 1],
    ],
  );
  await production.createDatabase(
    'loud',
    `CREATE SCHEMA app; CREATE TABLE app.visits AS SELECT '23.16.18.20'::inet AS ip, '23.16.18.20'::inet AS again`,
  );
  const both = { 'app.visits': { ip: masked.ip, again: keep } };
  const problem = await refusedCapture(optionsFor('loud', { policy: { tables: both } }), production, ['23.16.18.20']);
  assert.ok(
    said(problem).some((text) => text.startsWith('app.visits.again holds 1 original')),
    said(problem).join(),
  );
});

test('a number that begins in the middle of a date or time is found in text, and not in a column of that type', async () => {
  await production.createDatabase(
    'dated',
    `CREATE SCHEMA app; SET search_path = app;
    CREATE DOMAIN seen AS timestamptz;
    CREATE TABLE visits (code text, at seen, line text);
    INSERT INTO visits VALUES ('2316182000', '2025-02-23 16:18:20+00', 'at 2025-02-23 16:18:20+00'), ('2025022316', NULL, NULL)`,
  );
  const tables = { 'app.visits': { code: { mask: 'token' }, at: keep, line: keep } };
  const problem = await refusedCapture(optionsFor('dated', { policy: { tables } }), production, ['2316182000']);
  assert.deepEqual(
    said(problem).filter((text) => !text.includes('statistics')),
    [
      'app.visits.at holds 1 original of app.visits.code (1 time)',
      'app.visits.line holds 2 originals of app.visits.code (2 times)',
    ],
  );
});

test('what columns of any type held that are set to null is searched as it prints', async () => {
  const values: Record<string, string> = {
    bigint: '7400000000000 + n * 7919',
    uuid: `md5('uuid' || n)::uuid`,
    inet: `'2001:db8::'::inet + n * 1000003::bigint`,
    numeric: '(9300000000 + n * 7919)::numeric / 100',
    'text[]': `ARRAY['none', 'person' || n || '@null.test']`,
    bytea: `convert_to('person' || n || '@bytes.test', 'UTF8')`,
  };
  const types = Object.keys(values);
  const nameOf = (type: string) => `of_${types.indexOf(type)}`;
  const tables = types.map(
    (type) =>
      `CREATE TABLE app.${nameOf(type)} AS SELECT n AS id, ${values[type]} AS secret FROM generate_series(1, 300) n;
       INSERT INTO app.copies SELECT 'said ' || translate(${type === 'bytea' ? `convert_from(secret, 'UTF8')` : 'secret::text'}, '{}', '') FROM app.${nameOf(type)}`,
  );
  await production.createDatabase(
    'nulled',
    `CREATE SCHEMA app; CREATE TABLE app.copies (said text); ${tables.join(';')}`,
  );
  const nulled = types.map((type) => [`app.${nameOf(type)}`, { id: keep, secret: { mask: 'null' } }]);
  const problem = await refusedCapture(
    optionsFor('nulled', { policy: { tables: { ...Object.fromEntries(nulled), 'app.copies': { said: keep } } } }),
    production,
    ['null.test', 'bytes.test'],
  );
  assert.equal(problem.code, 'audit-failed');
  for (const type of types) {
    const told = problem.errors!.some(({ what }) => what.includes(`of app.${nameOf(type)}.secret`));
    assert.ok(told, `${type}: ${problem.errors!.map(({ what }) => what).join('\n')}`);
  }
});
