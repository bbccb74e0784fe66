import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '../services/errors.ts';
import { formatOf, headBytes } from '../services/sources/dump/format.ts';
import { rowsIn } from '../services/sources/dump/rows.ts';
import { readScript, type Script } from '../services/sources/dump/script.ts';
import { copyOf, statementOf } from '../services/sources/dump/statements.ts';

/** Reads a text in pieces of so many bytes. */
async function read(text: string, pieceBytes = 1 << 16): Promise<Script> {
  const bytes = Buffer.from(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return readScript(pieces());
}

async function refused(work: () => unknown): Promise<Problem> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.code, 'dump-invalid');
    return error;
  }
  return assert.fail('it should have been refused');
}

const dump = `--
-- PostgreSQL database dump
--

\\restrict aB1

-- Dumped from database version 17.5
SET standard_conforming_strings = on;

CREATE FUNCTION app.odd() RETURNS text LANGUAGE sql AS $_$
SELECT 'a; -- no comment'; /* $$ */
COPY app.x FROM stdin;
\\! no command
$_$;
CREATE TABLE app."x;\\y" (a text DEFAULT 'it''s; \\' CHECK (a <> E'\\'; ''\\\\'), b$1 int /* one; /* two; */ three */ ); -- end;
COPY app."x;\\y" (a, "B ""c""") FROM stdin;
one\\\\.
\\\\.	x
\\.
COPY app.n  FROM stdin;
\\.

CREATE FUNCTION app.atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC
 SELECT CASE WHEN true THEN 1 END;
 SELECT (SELECT CASE WHEN false THEN 1 END);
 SELECT ';ü';
END;
CREATE RULE twice AS ON INSERT TO app.n DO INSTEAD ( DELETE FROM app.n; SELECT app.begin(1); );
--
-- PostgreSQL database dump complete
--

\\unrestrict aB1

`;

describe('a plain dump is taken apart', () => {
  for (const pieceBytes of [1 << 16, 1, 2, 3, 7]) {
    test(`in pieces of ${pieceBytes} bytes`, async () => {
      const script = await read(dump, pieceBytes);
      const statements = script.statements.map(statementOf);
      assert.deepEqual(
        statements.map(({ text }) => text.split(' ').slice(0, 2).join(' ')),
        ['SET standard_conforming_strings', 'CREATE FUNCTION', 'CREATE TABLE', 'CREATE FUNCTION', 'CREATE RULE'],
      );
      assert.ok(statements[1]!.text.includes('\\! no command'));
      assert.ok(statements[3]!.text.endsWith("SELECT ';ü';\nEND;"));
      assert.ok(statements[4]!.text.endsWith('app.begin(1); );'));
      const bytes = Buffer.from(dump);
      assert.deepEqual(
        script.rows.map(({ copy, from, to }) => [copyOf(copy), bytes.toString('utf8', from, to)]),
        [
          [{ schema: 'app', table: 'x;\\y', columns: ['a', 'B "c"'] }, 'one\\\\.\n\\\\.\tx\n\\.\n'],
          [{ schema: 'app', table: 'n', columns: [] }, '\\.\n'],
        ],
      );
      assert.equal(script.complete, true);
      assert.ok(script.comments.includes('Dumped from database version 17.5'));
    });
  }

  test('what is cut off at any place is no whole dump', async () => {
    const end = dump.indexOf('-- PostgreSQL database dump complete');
    for (let length = 0; length < end; length++) {
      const whole = await read(dump.slice(0, length)).then(
        ({ complete }) => complete,
        (error) => assert.equal(error.code, 'dump-invalid'),
      );
      assert.ok(!whole, `cut off after ${length} characters`);
    }
  });

  test('statements after its last line make it incomplete', async () => {
    assert.equal((await read(`${dump}CREATE SCHEMA late;\n`)).complete, false);
  });
});

describe('the rows of a table are read to their end', () => {
  const copy = 'COPY app.x (a) FROM stdin;';
  const rows = 'one\\\\.\n\\\\.\n\\N\n\n\\.x\n';
  const taken = async (text: string, pieceBytes: number, after?: string) => {
    const counted = { rowCount: 0 };
    const bytes = Buffer.from(text);
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of rowsIn(pieces(), after, 'app.x', counted)) chunks.push(chunk);
    return [Buffer.concat(chunks).toString(), counted.rowCount];
  };
  for (const pieceBytes of [1 << 16, 1, 2, 3, 5]) {
    test(`in pieces of ${pieceBytes} bytes`, async () => {
      assert.deepEqual(await taken(`${rows}\\.\n`, pieceBytes), [rows, 5]);
      assert.deepEqual(await taken('\\.\n', pieceBytes), ['', 0]);
      const whole = `SET x = 1;\n\n-- ${copy} not yet\n${copy}\n${rows}\\.\n\n\n-- ${copy}\n`;
      assert.deepEqual(await taken(whole, pieceBytes, `\n${copy}\n`), [rows, 5]);
    });
  }

  test('cut off at any place, they have no end', async () => {
    const whole = `\n${copy}\n${rows}\\.\n`;
    for (let length = 0; length < whole.length; length++) {
      const { where } = await refused(() => taken(whole.slice(0, length), 4, `\n${copy}\n`));
      assert.equal(where, 'app.x');
    }
  });
});

describe('refused', () => {
  for (const command of [
    '\\! id',
    '\\connect other',
    '\\copy app.x from /etc/passwd',
    '\\i file',
    '\\restrict a; \\! id',
  ])
    test(`a command of psql's: ${command}`, async () => {
      const problem = await refused(() => read(`SET a = 1;\n${command}\n`));
      assert.equal(problem.where, 'line 2');
      assert.ok(!problem.message.includes('passwd') && problem.message.includes('psql'), problem.message);
    });

  for (const command of ['SELECT 1 \\! id\n;', 'SELECT 1 \\g |id\n']) {
    test(`one behind the beginning of a statement: ${JSON.stringify(command)}`, async () => {
      await refused(() => read(command));
    });
  }

  for (const statement of [
    "COPY app.x FROM PROGRAM 'id';",
    "COPY app.x TO '/tmp/x';",
    "COPY app.x FROM '/etc/passwd';",
    'DO $$ BEGIN END $$;',
    "SELECT pg_read_file('/etc/passwd');",
    "SELECT pg_catalog.pg_read_file('/etc/passwd');",
    "SELECT pg_catalog.setval('app.x', (SELECT 1));",
    "SELECT pg_catalog.setval('app.x', 1) FROM app.y;",
    "SELECT pg_catalog.setval('app.x', 1), pg_catalog.pg_sleep(1);",
    "WITH x AS (DELETE FROM app.y) SELECT pg_catalog.setval('app.x', 1);",
    "INSERT INTO app.x VALUES ('secret');",
    'CREATE TABLE app.x AS SELECT 1;',
    'CREATE MATERIALIZED VIEW app.x AS SELECT 1;',
    'ALTER SYSTEM SET fsync = off;',
    "LOAD 'x';",
    'CREATE ROLE root SUPERUSER;',
    "ALTER ROLE app PASSWORD 'secret';",
    'CREATE DATABASE other;',
    'DROP TABLE app.x;',
    'UPDATE app.x SET a = 1;',
    'CALL app.x();',
    'SET standard_conforming_strings = off;',
    'EXPLAIN ANALYZE SELECT 1;',
    'PREPARE x AS SELECT 1;',
    "CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p; CREATE ROLE x;",
  ]) {
    test(`${statement}`, async () => {
      const problem = await refused(async () => (await read(`${statement}\n`)).statements.map(statementOf));
      assert.ok(!/secret|passwd/.test(JSON.stringify(problem.toDocument())), problem.message);
    });
  }

  test('rows that COPY would not take from the dump itself', async () => {
    for (const copy of [
      "COPY app.x FROM PROGRAM 'cat FROM stdin';",
      'COPY x FROM stdin;',
      'COPY app.x (a) FROM stdin CSV;',
    ])
      await refused(() => copyOf(copy));
  });

  test('more than the definitions of any database', async () => {
    await read(`SELECT pg_catalog.setval('app.x', 1${' '.repeat(2_000_000)});\n`);
    const long = await refused(() => read(`SELECT ${'1,\n'.repeat(700_000)}1;\n`));
    assert.match(long.message, /2 MB/);
    assert.match(long.where!, /^line 6/);
    assert.match((await refused(() => read('SET a=1;'.repeat(1_000_001)))).message, /1000000 statements/);
    const endless = `CREATE FUNCTION f() LANGUAGE sql BEGIN ATOMIC ${'SELECT 1; '.repeat(300_000)}`;
    assert.match((await refused(() => read(endless))).message, /2 MB/);
  });

  test('nesting that is deeper than the parser goes', async () => {
    for (const expression of ['('.repeat(500_000), '1+'.repeat(500_000), 'NOT '.repeat(500_000)])
      assert.match((await refused(() => statementOf(`CREATE VIEW v AS SELECT ${expression}1;`))).message, /deeper/);
  });

  test('what is no dump, by its first bytes', async () => {
    const head = (text: string) => Buffer.from(text.padEnd(headBytes, ' '), 'latin1');
    assert.equal(formatOf(head('PGDMP\x01\x10\x00\x04\x08\x01')), 'custom');
    assert.equal(formatOf(head('--\n-- PostgreSQL database dump\n--\n')), 'plain');
    const cluster = await refused(() => formatOf(head('--\n-- PostgreSQL database cluster dump\n--\n')));
    assert.match(cluster.message, /pg_dumpall/);
    await refused(() => formatOf(head('id,name\n1,x\n')));
  });
});

describe('left out', () => {
  for (const statement of [
    "COMMENT ON TABLE app.x IS 'about somebody';",
    'CREATE PUBLICATION p FOR ALL TABLES;',
    'ALTER PUBLICATION p OWNER TO x;',
    "CREATE SUBSCRIPTION s CONNECTION 'password=x' PUBLICATION p WITH (connect = false);",
    "CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'x');",
    'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();',
    "SELECT pg_catalog.lowrite(0, '\\x00');",
    'ALTER LARGE OBJECT 1 OWNER TO x;',
    'SET default_tablespace = fast;',
  ]) {
    test(statement, () => {
      assert.equal(statementOf(statement).fate, 'leave out');
    });
  }

  test('roles are found wherever a statement names them', () => {
    const statements = [
      'ALTER TABLE app.x OWNER TO "an owner";',
      'GRANT SELECT ON TABLE app.x TO reader, PUBLIC;',
      'ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA app GRANT SELECT ON TABLES TO team;',
      'CREATE POLICY p ON app.x TO tenant USING (true);',
    ];
    assert.deepEqual(statements.flatMap((text) => statementOf(text).roles).sort(), [
      'an owner',
      'maker',
      'reader',
      'team',
      'tenant',
    ]);
  });
});
