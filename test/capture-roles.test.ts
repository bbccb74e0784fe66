import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { adoptClone } from '../services/snapshots/adopt.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import type { CaptureReport } from '../services/snapshots/capture/report.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, keepEverything, reader, startOn } from './support/source.ts';

const host = testHost();
const secret = 'qxkanarivz';
let production: TestPostgres;
let stack: TestPostgres;
let original: pg.Client;
let copy: pg.Client;
let report: CaptureReport;

/** The table is the team's; its login is a member of it, and is named nowhere. */
const schema = `
CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
CREATE ROLE app_rw NOLOGIN BYPASSRLS; CREATE ROLE wider NOLOGIN; GRANT wider TO app_rw;
CREATE ROLE app LOGIN NOINHERIT CREATEDB PASSWORD '${secret}';
GRANT app_rw TO app WITH INHERIT TRUE, SET FALSE, ADMIN TRUE;
CREATE ROLE nightly LOGIN; GRANT app TO nightly; GRANT pg_monitor, pg_read_server_files TO nightly;
CREATE ROLE stranger LOGIN;
CREATE TABLE orders (id int); INSERT INTO orders VALUES (1);
GRANT SELECT ON orders TO app_rw;
REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO app_rw, reader; GRANT CREATE ON DATABASE shop TO wider WITH GRANT OPTION;
ALTER DATABASE shop SET timezone = 'Europe/Berlin'; ALTER DATABASE shop SET search_path = "$user", public, pg_catalog;
ALTER DATABASE shop SET app.key = '${secret}'; ALTER DATABASE shop SET statement_timeout = '7min';
ALTER ROLE app SET statement_timeout = '5min'; ALTER ROLE app SET default_transaction_read_only = on;
ALTER ROLE app IN DATABASE shop SET datestyle = 'German'; ALTER ROLE app IN DATABASE shop SET work_mem = '64MB';
ALTER ROLE stranger SET timezone = 'UTC';
`;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase('shop', schema);
  original = await production.connect('shop');
  const options = captureOf(
    host,
    { url: production.url('shop', reader) },
    { policy: await keepEverything(original), schema: 'public' },
  );
  report = await captureDatabase(options);
  stack = await startOn(options.target.volume);
  copy = await stack.connect('shop');
});
after(async () => {
  await original?.end();
  await copy?.end();
  await stack?.remove();
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const both = async (sql: string) => [(await original.query(sql)).rows, (await copy.query(sql)).rows] as const;

test('roles come with whoever is a member of them, BYPASSRLS and INHERIT; who has nothing to do with it stays out', async () => {
  const [from, to] = await both(
    `SELECT rolname, rolinherit, rolbypassrls FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'stranger' ORDER BY 1`,
  );
  assert.deepEqual(to, from);
  assert.equal((await copy.query(`SELECT FROM pg_roles WHERE rolname = 'stranger'`)).rowCount, 0);
  const { rows } = await copy.query(
    `SELECT FROM pg_authid WHERE rolname <> 'postgres' AND (rolcanlogin OR rolpassword IS NOT NULL)`,
  );
  assert.equal(rows.length, 0);
});

test('memberships come with their options', async () => {
  const [from, to] = await both(
    `SELECT roleid::regrole::text, member::regrole::text, admin_option, inherit_option, set_option FROM pg_auth_members
     WHERE member >= 16384 AND roleid::regrole::text <> 'pg_read_server_files' ORDER BY 1, 2`,
  );
  assert.ok(from.length >= 5);
  assert.deepEqual(to, from);
});

test('what is granted on the database comes along', async () => {
  const sql = `SELECT coalesce(grantee::regrole::text, '') AS role, privilege_type, is_grantable FROM pg_database, aclexplode(datacl)
    WHERE datname = 'shop' ORDER BY 1, 2`;
  const [from, to] = await both(sql);
  assert.ok(from.length > 3);
  assert.deepEqual(to, from);
});

test('settings that SQL depends on come along; the others are named, without their values', async () => {
  const { rows } = await copy.query(
    `SELECT coalesce(setrole::regrole::text, '') AS role, setdatabase <> 0 AS within, unnest(setconfig) AS setting FROM pg_db_role_setting ORDER BY 1, 2, 3`,
  );
  assert.deepEqual(
    rows.map(({ role, within, setting }) => `${role} ${within} ${setting}`),
    [
      '- true TimeZone=Europe/Berlin',
      '- true search_path="$user", public, pg_catalog',
      'app false default_transaction_read_only=on',
      'app false statement_timeout=5min',
      'app true DateStyle=German, DMY',
    ],
  );
  const said = report.warnings.map(({ where, what }) => `${where}: ${what}`);
  for (const warning of [
    /^shop: the setting app.key is left out/,
    /^shop: the setting statement_timeout is left out/,
    /^app: the setting work_mem is left out/,
    /^app: the role is without CREATEDB in the snapshot/,
    /^nightly: the role is no member of pg_read_server_files in the snapshot/,
  ])
    assert.ok(
      said.some((line) => warning.test(line)),
      `${warning} in ${said.join('\n')}`,
    );
  assert.ok(!JSON.stringify(report).includes(secret));
});

test('a stack’s login reads what production’s reads as a member alone; one by another name may connect, too', async () => {
  const roles = ['app', 'newcomer'].map((role) => ({ role, password: 'new' }));
  await adoptClone({
    ...{ host, container: stack.container, facts: report.target, signal: new AbortController().signal },
    section: { service: 'db', name: 'shop', schema: 'public', owner: undefined, roles },
    login: { user: 'postgres', password: stack.password },
  });
  for (const [user, sql] of [
    ['app', 'SELECT FROM orders'],
    ['newcomer', 'SELECT'],
  ] as const) {
    const client = new pg.Client({ connectionString: stack.url('shop', { user, password: 'new' }) });
    await client.connect();
    try {
      assert.equal((await client.query(sql)).rowCount, 1);
    } finally {
      await client.end();
    }
  }
});
