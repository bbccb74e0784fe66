import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { pinoHttp } from 'pino-http';
import { waitUntilItAnswers } from '../services/database/open.ts';
import { DiskFull, explainFullDisk } from '../services/engine/disk.ts';
import { Problem } from '../services/errors.ts';
import { createLog, errorOf } from '../services/log.ts';
import { firstError, sourceProblem, tableOfFailed, withoutValues } from '../services/sources/errors.ts';
import { startPostgres, type TestPostgres, testHost } from './support/postgres.ts';

const secret = /\bann|quell|4711471147|0x/i;

let server: TestPostgres;
let client: pg.Client;

before(async () => {
  server = await startPostgres();
  await server.createDatabase(
    'shop',
    `CREATE EXTENSION hstore;
     CREATE TABLE people (id integer PRIMARY KEY, name text UNIQUE CHECK (name !~ 'Quell'), code varchar(3), query tsquery, extra hstore);
     CREATE FUNCTION raise(state text) RETURNS void LANGUAGE plpgsql AS
       $$BEGIN RAISE EXCEPTION 'customer Ann Quellmann is blocked' USING ERRCODE = state; END$$;
     INSERT INTO people VALUES (1, 'Ann');`,
  );
  client = await server.connect('shop');
});

after(async () => {
  await client?.end();
  await server?.remove();
});

const failure = (sql: string): Promise<Error> =>
  client.query(sql).then(
    () => assert.fail('it should have failed'),
    (error) => error,
  );

/** What the server says of a row that it cannot read. */
async function failureOfCopy(columns: string, row: string): Promise<Error> {
  const stream = client.query(copyFrom(`COPY people (${columns}) FROM STDIN`));
  return new Promise((resolve, reject) => {
    stream.once('error', resolve);
    stream.once('finish', () => reject(new Error('it should have failed')));
    stream.end(`${row}\n`);
  });
}

describe('what a server says passes without the values in it', () => {
  for (const [code, sql] of [
    ['22P02', `SELECT 'Ann Quellmann'::integer`],
    ['22P02', `SELECT '{"Ann Quellmann","x"}x'::text[]`],
    ['22P02', `SELECT E'Ann\\nQuellmann'::integer`],
    ['22P02', `SELECT '{"Ann" Quellmann}'::jsonb`],
    ['22P02', `SELECT E'it''s "Ann" Quellmann'::uuid`],
    ['22007', `SELECT '"Ann" Quellmann'::date`],
    ['22008', `SELECT '4711471147-13-45'::timestamp`],
    ['22003', `SELECT '47114711471147'::integer`],
    ['22001', `INSERT INTO people (id, code) VALUES (2, 'Ann Quellmann')`],
    ['23505', `INSERT INTO people VALUES (2, 'Ann')`],
    ['23514', `INSERT INTO people VALUES (2, 'Quellmann')`],
    ['23502', `INSERT INTO people VALUES (NULL, 'Anna')`],
    ['2201B', `SELECT 'x' ~ 'Ann Quellmann('`],
    ['22021', `SELECT convert_from('\\x416e6eff'::bytea, 'UTF8')`],
    ['P0001', `SELECT raise('P0001')`],
    ['23514', `SELECT raise('23514')`],
    ['42501', `SELECT raise('42501')`],
    ['57014', `SELECT raise('57014')`],
  ] as const) {
    test(`${code}: ${sql}`, async () => {
      const error = await failure(sql);
      assert.equal((error as { code?: string }).code, code);
      const said = withoutValues(error);
      assert.doesNotMatch(said, secret);
      assert.match(said, new RegExp(`\\(SQLSTATE ${code}\\)$`));
    });
  }

  for (const [code, columns, row] of [
    ['22P02', 'id', 'Ann Quellmann'],
    ['22P04', 'id', '2\tAnn Quellmann'],
    ['42601', 'id, query', '2\tAnn Quellmann'],
    ['42601', 'id, extra', '2\t"Ann Quellmann'],
  ] as const) {
    test(`${code}: a row of COPY that cannot be read as ${columns}`, async () => {
      const error = await failureOfCopy(columns, row);
      assert.equal((error as { code?: string }).code, code);
      assert.doesNotMatch(withoutValues(error), secret);
    });
  }

  test('what is no value stays', async () => {
    assert.equal(
      withoutValues(await failure('SELECT nothing FROM people')),
      'column "nothing" does not exist (SQLSTATE 42703)',
    );
    assert.equal(
      withoutValues(await failure(`INSERT INTO people VALUES (2, 'Ann')`)),
      'duplicate key value violates unique constraint … at public.people constraint people_name_key (SQLSTATE 23505)',
    );
  });

  test('a server that speaks another language quotes in another way', () => {
    for (const message of [
      'ungültige Eingabesyntax für Typ integer: »Ann Quellmann«',
      'syntaxe en entrée invalide pour le type integer : « Ann »',
      '整数の入力構文が不正です: 「Ann」',
    ])
      assert.doesNotMatch(
        withoutValues(Object.assign(new Error(message), { severity: 'ERROR', code: '22P02' })),
        secret,
      );
  });

  test('what JavaScript could not read is not quoted either; where that was is said', () => {
    const thrown = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    const error = thrown(() => JSON.parse('Ann Quellmann'));
    assert.match(String(error), secret);
    assert.match(
      withoutValues(error),
      /^greenroom's own code failed with a SyntaxError at server-messages\.test\.ts:\d+$/,
    );
    assert.doesNotMatch(withoutValues(thrown(() => BigInt('Ann'))), secret);
    assert.doesNotMatch(sourceProblem(error, 'db:5432').message, secret);
  });

  test('what Postgres’s programs say', () => {
    const lines = 'pg_restore: while PROCESSING TOC:\npg_restore: error: could not execute query: ERROR:  ';
    assert.match(
      firstError(`${lines}invalid input syntax for type integer: "Ann" Quellmann"\nQuell`),
      /type integer: …$/,
    );
    assert.doesNotMatch(firstError(`${lines}value "4711471147" is out of range for type integer`), secret);
    assert.match(
      firstError(`${lines}could not create unique index "people_name_key"\nDETAIL:  Key (name)=(Ann)`),
      /"people_name_key"$/,
    );
  });

  test('which table pg_restore made an index or constraint on', () => {
    for (const [statement, table] of [
      ['ALTER TABLE ONLY app.people\n    ADD CONSTRAINT people_key UNIQUE (name);', 'app.people'],
      ['CREATE UNIQUE INDEX "Old ""key"" ON x" ON app."Old people" USING btree (lower(name));', 'app."Old people"'],
      ['CREATE INDEX one ON ONLY "App".people USING gin (body);', '"App".people'],
      ['CREATE TRIGGER one BEFORE INSERT ON app.people', undefined],
    ] as const)
      assert.equal(
        tableOfFailed(`pg_restore: error: could not execute query: ERROR:  no\nCommand was: ${statement}\n`),
        table,
      );
  });

  test('a full disk', async () => {
    const message = 'invalid input syntax for type integer: "Ann: No space left on device"';
    const error = Object.assign(new Error(message), { severity: 'ERROR', code: '22P02' });
    const full = await explainFullDisk(testHost(), error);
    assert.ok(full instanceof DiskFull);
    assert.doesNotMatch(full.message, secret);
  });
});

describe('what is logged of an error', () => {
  const logged = (write: (log: ReturnType<typeof createLog>) => void): string => {
    let lines = '';
    write(
      createLog('info', {
        write: (line) => {
          lines += line;
        },
      }),
    );
    return lines;
  };

  test('holds no value of a row, in detail, context, stack or cause', async () => {
    const refused = await failure(`INSERT INTO people VALUES (2, 'Ann')`);
    assert.match(JSON.stringify(refused), /\(name\)=\(Ann\)/);
    const unread = await failureOfCopy('id', 'Ann Quellmann');
    const line = logged((log) => {
      log.error({ err: refused }, 'operation failed');
      log.error({ err: new Problem('capture-failed', 'It failed', { cause: unread }) }, 'operation failed');
      log.error({ err: new AggregateError([refused, unread], '') }, 'operation failed');
    });
    assert.doesNotMatch(line, secret);
    assert.match(line, /people_name_key/);
    assert.match(line, /at .*server-messages\.test\.ts|at .*\.js/);
  });

  test('nor does what is logged of a request', async () => {
    const refused = await failure(`INSERT INTO people VALUES (2, 'Ann')`);
    const line = logged((log) => {
      const { logger } = pinoHttp({ logger: log, serializers: { err: ({ raw }: { raw: unknown }) => errorOf(raw) } });
      logger.error({ err: refused }, 'failed');
    });
    assert.doesNotMatch(line, secret);
    assert.match(line, /people_name_key/);
  });
});

describe('greenroom’s own database that does not answer', () => {
  const waiting = async (connectionString: string, timeoutMs: number) => {
    const told: string[] = [];
    const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 1000 });
    const problem = await waitUntilItAnswers(pool, timeoutMs, ({ message }) => told.push(message)).then(
      () => assert.fail('it should have been given up'),
      (error: Error) => error.message,
    );
    await pool.end();
    return { problem, told };
  };

  test('is said to be waited for, and then not to be reached', async () => {
    const { problem, told } = await waiting('postgres://u:p@127.0.0.1:1/greenroom', 300);
    assert.match(problem, /database cannot be reached: .*ECONNREFUSED/);
    assert.equal(told.length, 1);
    assert.match(told[0]!, /cannot be reached yet; it is waited for: .*ECONNREFUSED/);
  });

  test('that refuses the login is not waited for', async () => {
    const { problem, told } = await waiting(server.url('absent'), 60_000);
    assert.match(problem, /does not let it in: database "absent" does not exist/);
    assert.deepEqual(told, []);
  });
});
