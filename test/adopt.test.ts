import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { ImageInspectInfo } from 'dockerode';
import pg from 'pg';
import type { DatabaseSection } from '../services/compose/plan.ts';
import { adoptClone, checkFit } from '../services/snapshots/adopt.ts';
import type { TargetFacts } from '../services/snapshots/target.ts';
import { docker, startPostgres, type TestPostgres } from './support/postgres.ts';

const servers: TestPostgres[] = [];
after(() => Promise.all(servers.map((server) => server.remove())));

const id = pg.escapeIdentifier;

/** A server as a capture leaves it: the source's owner cannot log in and has no password. */
async function snapshotWith(
  owner: string,
  schema: string,
  settings: Record<string, string> = {},
): Promise<TestPostgres> {
  const server = await startPostgres({ settings });
  servers.push(server);
  await server.createDatabase(
    'shop',
    `${owner === 'postgres' ? '' : `CREATE ROLE ${id(owner)} NOLOGIN;`}
     CREATE SCHEMA ${id(schema)} AUTHORIZATION ${id(owner)};
     SET ROLE ${id(owner)};
     SET search_path = ${id(schema)};
     CREATE TYPE mood AS ENUM ('ok');
     CREATE DOMAIN mail AS text;
     CREATE TABLE people (id bigserial PRIMARY KEY, number integer GENERATED ALWAYS AS IDENTITY, name text, mood mood);
     CREATE TABLE parts (id integer) PARTITION BY LIST (id);
     CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
     INSERT INTO people (name) VALUES ('a');
     CREATE VIEW names AS SELECT name FROM people;
     CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM people;
     CREATE SEQUENCE free;
     CREATE FUNCTION one() RETURNS integer LANGUAGE sql RETURN 1;
     CREATE PROCEDURE two() LANGUAGE sql AS 'SELECT 2';
     RESET ROLE;`,
  );
  return server;
}

function adopt(
  server: TestPostgres,
  section: DatabaseSection,
  environment: Record<string, string>,
  schemaOwner: string,
) {
  const facts: TargetFacts = {
    postgresMajor: 17,
    libc: 'glibc',
    dataPath: '',
    superuser: 'postgres',
    database: 'shop',
    schemaOwner,
  };
  return adoptClone({
    host: { docker },
    container: server.container,
    facts,
    section,
    login: { user: environment.POSTGRES_USER || 'postgres', password: environment.POSTGRES_PASSWORD },
    signal: new AbortController().signal,
  });
}

async function session(server: TestPostgres, database: string, user: string, password: string): Promise<pg.Client> {
  const client = new pg.Client({ host: server.address, user, password, database });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function askAs(
  server: TestPostgres,
  database: string,
  user: string,
  password: string,
  sql: string,
): Promise<unknown[]> {
  const client = await session(server, database, user, password);
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

/** Owners of everything in a schema, by what it is. */
const owners = (schema: string) => `
  SELECT DISTINCT pg_get_userbyid(owner) FROM (
    SELECT relowner AS owner FROM pg_class WHERE relnamespace = ${pg.escapeLiteral(schema)}::name::text::regnamespace
    UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = ${pg.escapeLiteral(schema)}::name::text::regnamespace
    UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = ${pg.escapeLiteral(schema)}::name::text::regnamespace
    UNION ALL SELECT nspowner FROM pg_namespace WHERE oid = ${pg.escapeLiteral(schema)}::name::text::regnamespace) o`;

const hostile = {
  database: `db"na'me \\ $1 %I :x; --`,
  owner: `own"er'; DROP ROLE postgres; -- \\`,
  ownerPassword: `p'a"ss\\w $$ord$$ %L :'x' ü 漢\t;--`,
  superuser: `ad"min's \\gexec`,
  superuserPassword: `'; SELECT pg_sleep(9); -- "\\`,
  role: `re"porting '\\`,
  rolePassword: `x'||'y`,
  sourceOwner: `so"urce'\\ owner`,
  schema: `sch"e'ma \\`,
};

describe('a clone becomes the stack’s own', () => {
  test('with the names it was captured under, and again', async () => {
    const server = await snapshotWith('shop', 'shop');
    const section = {
      service: 'db',
      name: 'shop',
      schema: 'shop',
      owner: { role: 'shop', password: 'new' },
      roles: [],
    };
    for (let time = 0; time < 2; time++) {
      await adopt(server, section, { POSTGRES_PASSWORD: 'stack' }, 'shop');
      assert.deepEqual(await askAs(server, 'shop', 'postgres', 'stack', owners('shop')), ['shop']);
      assert.deepEqual(await askAs(server, 'shop', 'shop', 'new', 'SELECT name FROM people'), ['a']);
    }
    await assert.rejects(session(server, 'shop', 'postgres', server.password), /password authentication failed/);
  });

  test('with hostile names and passwords for everything', async () => {
    const server = await snapshotWith(hostile.sourceOwner, hostile.schema);
    const section = {
      service: 'db',
      name: hostile.database,
      schema: hostile.schema,
      owner: { role: hostile.owner, password: hostile.ownerPassword },
      roles: [{ role: hostile.role, password: hostile.rolePassword }],
    };
    const environment = { POSTGRES_USER: hostile.superuser, POSTGRES_PASSWORD: hostile.superuserPassword };
    for (let time = 0; time < 2; time++) await adopt(server, section, environment, hostile.sourceOwner);
    const asOwner = (sql: string) => askAs(server, hostile.database, hostile.owner, hostile.ownerPassword, sql);
    assert.deepEqual(await asOwner('SELECT name FROM people'), ['a'], 'search_path leads to the schema');
    assert.deepEqual(await asOwner('SELECT rolsuper FROM pg_roles WHERE rolname = current_user'), [false]);
    for (const work of ['CREATE TABLE later ()', 'ALTER TABLE people ADD extra text', 'DROP TABLE later'])
      await asOwner(work);
    assert.deepEqual(await askAs(server, hostile.database, hostile.role, hostile.rolePassword, 'SELECT 1'), [1]);
    const asSuperuser = (sql: string) =>
      askAs(server, hostile.database, hostile.superuser, hostile.superuserPassword, sql);
    assert.deepEqual(await asSuperuser('SELECT rolsuper FROM pg_roles WHERE rolname = current_user'), [true]);
    assert.deepEqual(await asSuperuser(owners(id(hostile.schema))), [hostile.owner]);
    assert.deepEqual(
      await asSuperuser("SELECT count(*)::int FROM pg_roles WHERE rolname = 'postgres'"),
      [1],
      'nothing was dropped',
    );
  });

  describe('where the source’s objects belonged to its superuser', () => {
    const section = { service: 'db', name: 'app', schema: 'app', owner: { role: 'app', password: 'new' }, roles: [] };

    test('the owner can change what there is', async () => {
      const server = await snapshotWith('postgres', 'app');
      await adopt(server, section, { POSTGRES_PASSWORD: 'stack' }, 'postgres');
      for (const work of [
        'ALTER TABLE people ADD extra text',
        'DROP VIEW names',
        'REFRESH MATERIALIZED VIEW counts',
        'ALTER SEQUENCE free RESTART',
        "ALTER TYPE mood ADD VALUE 'new'",
        'ALTER DOMAIN mail SET NOT NULL',
        'DROP FUNCTION one',
        'DROP PROCEDURE two',
      ]) {
        await askAs(server, 'app', 'app', 'new', work);
      }
    });

    test('partitioned tables, composite types and aggregates too', async () => {
      const server = await snapshotWith('postgres', 'app');
      await server.run([
        ...['psql', '-Xq', '-U', 'postgres', '-d', 'shop', '-c'],
        'CREATE TYPE app.pair AS (a integer); CREATE AGGREGATE app.total (integer) (SFUNC = int4pl, STYPE = integer)',
      ]);
      await adopt(server, section, { POSTGRES_PASSWORD: 'stack' }, 'postgres');
      assert.deepEqual(await askAs(server, 'app', 'postgres', 'stack', owners('app')), ['app']);
    });
  });

  test('where the owner the plan names exists beside the source’s', async () => {
    const server = await snapshotWith('theirs', 'app');
    await server.run(['psql', '-Xq', '-U', 'postgres', '-c', 'CREATE ROLE app NOLOGIN']);
    const section = { service: 'db', name: 'shop', schema: 'app', owner: { role: 'app', password: 'new' }, roles: [] };
    await adopt(server, section, { POSTGRES_PASSWORD: 'stack' }, 'theirs');
    assert.deepEqual(await askAs(server, 'shop', 'postgres', 'stack', owners('app')), ['app']);
  });

  test('without an owner in the plan the superuser works on what is there', async () => {
    const server = await snapshotWith('theirs', 'app');
    await adopt(
      server,
      { service: 'db', name: 'shop', schema: 'app', roles: [] },
      { POSTGRES_PASSWORD: 'stack' },
      'theirs',
    );
    assert.deepEqual(await askAs(server, 'shop', 'postgres', 'stack', 'SELECT name FROM app.people'), ['a']);
    await assert.rejects(session(server, 'shop', 'theirs', 'anything'));
  });

  test('no password reaches the server’s log, however much it logs', async () => {
    const settings = {
      log_statement: 'all',
      log_min_duration_statement: '0',
      log_duration: 'on',
      log_min_error_statement: 'debug5',
      log_connections: 'on',
    };
    const server = await snapshotWith('shop', 'shop', settings);
    const section = {
      service: 'db',
      name: 'other',
      schema: 'shop',
      owner: { role: 'new owner', password: 's3cr3t-owner' },
      roles: [{ role: 'r', password: 's3cr3t-role' }],
    };
    await adopt(server, section, { POSTGRES_USER: 'admin', POSTGRES_PASSWORD: 's3cr3t-super' }, 'shop');
    const log = await server.log();
    assert.ok(log.includes('connection authorized'), 'it does log');
    assert.ok(!log.includes('s3cr3t'));
  });

  test('what cannot be done is said without passwords', async () => {
    const server = await snapshotWith('shop', 'shop');
    const section = {
      service: 'db',
      name: 'shop',
      schema: 'shop',
      owner: { role: 'pg_forbidden', password: 's3cr3t' },
      roles: [],
    };
    await assert.rejects(
      adopt(server, section, { POSTGRES_PASSWORD: 's3cr3t' }, 'shop'),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'snapshot-incompatible');
        assert.match(error.message, /pg_forbidden/);
        assert.ok(!error.message.includes('s3cr3t'));
        return true;
      },
    );
  });
});

describe('whether an image fits a snapshot', () => {
  const facts: TargetFacts = {
    postgresMajor: 17,
    libc: 'glibc',
    dataPath: 'data',
    superuser: 'postgres',
    database: 'shop',
    schemaOwner: undefined,
  };
  const imageOf = (...Env: string[]) => ({ Config: { Env } }) as unknown as ImageInspectInfo;
  const mounted = (image: ImageInspectInfo, pgdata: string, target: string) => ({
    image,
    reference: 'postgres:x',
    pgdata,
    target,
  });

  test('the same major version and place', () => {
    checkFit(facts, mounted(imageOf('PG_MAJOR=17'), '/var/lib/postgresql/data', '/var/lib/postgresql'));
    checkFit(facts, mounted(imageOf('PG_MAJOR=17'), '/var/lib/postgresql/data', '/var/lib/postgresql/'));
    checkFit({ ...facts, dataPath: '' }, mounted(imageOf(), '/data', '/data'));
  });

  test('another major version, another place', () => {
    const refuses = (image: ImageInspectInfo, pgdata: string) =>
      assert.throws(() => checkFit(facts, mounted(image, pgdata, '/var/lib/postgresql')), {
        code: 'snapshot-incompatible',
      });
    refuses(imageOf('PG_MAJOR=16'), '/var/lib/postgresql/data');
    refuses(imageOf('PG_MAJOR=17'), '/var/lib/postgresql/17/docker');
    refuses(imageOf('PG_MAJOR=17'), '/var/lib/postgresql');
  });
});
