import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { removeInstallation } from '../../services/engine/clean-up.ts';
import { exec } from '../../services/engine/exec.ts';
import { openDump } from '../../services/sources/dump/open.ts';
import { receiveDump } from '../../services/sources/dump/receive.ts';
import { keepRoom, type RoomSpec, removeRoom } from '../../services/sources/dump/room.ts';
import { inReadOnlyTransaction } from '../../services/sources/session.ts';
import { optionsFor, refusedDump } from '../support/dump-capture.ts';
import { docker, testHost } from '../support/postgres.ts';

const host = testHost();

after(async () => {
  await removeInstallation(docker, host.installation);
});

function dumpOf(script: string): Buffer {
  return Buffer.from(`--\n-- PostgreSQL database dump\n--\n${script}\n--\n-- PostgreSQL database dump complete\n--\n`);
}

/** A function that runs while definitions are restored: a partition's bound is computed when it is made. */
function running(body: string): Buffer {
  return dumpOf(`CREATE SCHEMA shop;
CREATE FUNCTION shop.hostile() RETURNS integer LANGUAGE plpgsql AS $f$
${body}
$f$;
CREATE TABLE shop.parted (id integer) PARTITION BY LIST (id);
CREATE TABLE shop.part PARTITION OF shop.parted FOR VALUES IN (shop.hostile());`);
}

/** A dump as far as a capture reads it, with its room. */
async function opened<T>(script: string, work: (room: RoomSpec, url: string) => Promise<T>): Promise<T> {
  const { target, database } = optionsFor(host);
  const { volume, volumeLabels: labels, image, superuser } = target;
  const room: RoomSpec = { host, container: `${volume}-dump`, image, labels, network: 'bridge', limitBytes: 4 << 20 };
  try {
    const received = await receiveDump(room, Readable.from([dumpOf(script)]));
    await keepRoom(room);
    const { signal } = new AbortController();
    const { schema } = await openDump({
      ...{ room: { ...room, superuser, initdbArgs: undefined, database }, received, name: 'a dump', signal },
      onProgress() {},
    });
    return await work(room, schema.url);
  } finally {
    await removeRoom(room);
  }
}

describe('what a dump’s function cannot do while definitions are restored', () => {
  for (const [what, body, why] of [
    ['run a program', "BEGIN COPY (SELECT 1) TO PROGRAM 'id'; RETURN 1; END", /program/],
    ['read a file', "BEGIN RETURN length(pg_read_file('/etc/passwd')); END", /pg_read_file/],
    ['write a file', "BEGIN COPY (SELECT 1) TO '/tmp/written'; RETURN 1; END", /COPY to/i],
    ['become superuser', 'BEGIN ALTER ROLE postgres SUPERUSER; RETURN 1; END', /alter role|superuser/i],
    ['own what reads files', 'BEGIN SET ROLE pg_read_server_files; RETURN 1; END', /pg_read_server_files/],
    ['change the catalog', 'BEGIN UPDATE pg_catalog.pg_authid SET rolsuper = true; RETURN 1; END', /pg_authid/],
    [
      'fill the disk: what it writes lies in the memory that the dump may take',
      'BEGIN CREATE TABLE shop.much AS SELECT repeat(md5(n::text), 60) FROM generate_series(1, 3000000) n; RETURN 1; END',
      /No space left/,
    ],
  ] as const)
    test(what, async () => {
      const problem = await refusedDump(running(body), optionsFor(host));
      assert.equal(problem.code, 'dump-invalid', problem.message);
      assert.match(problem.message, why);
      assert.match(problem.where!, /^CREATE TABLE shop/);
    });

  for (const [what, statement] of [
    ['a function in C', "CREATE FUNCTION shop.f() RETURNS integer LANGUAGE c AS '/dump/archive', 'f';"],
    [
      'a function inside Postgres',
      "CREATE FUNCTION shop.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file_all';",
    ],
    ['a cast that takes a number for a pointer', 'CREATE CAST (bigint AS text) WITHOUT FUNCTION;'],
    ['the server’s own function', 'ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO postgres;'],
    ['an owner that runs programs', 'ALTER SCHEMA shop OWNER TO pg_execute_server_program;'],
    ['a role', 'SET SESSION AUTHORIZATION pg_execute_server_program;'],
  ] as const)
    test(`define what only a superuser may: ${what}`, async () => {
      const problem = await refusedDump(dumpOf(`CREATE SCHEMA shop;\n${statement}`), optionsFor(host));
      assert.equal(problem.code, 'dump-invalid', problem.message);
      assert.match(problem.remedy!, /superuser/);
    });

  test('call what is granted to it: grants come last', async () => {
    const hostile = running("BEGIN RETURN length(pg_read_file('/etc/passwd')); END").toString();
    const grant = 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC;\nCREATE TABLE shop.parted';
    const problem = await refusedDump(
      Buffer.from(hostile.replace('CREATE TABLE shop.parted', grant)),
      optionsFor(host),
    );
    assert.match(problem.message, /permission denied for function pg_read_file/);
  });
});

test('what only a superuser does for a dump is done: extensions, owners without rights, grants, operator classes', async () => {
  const script = `
CREATE SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA extensions;
CREATE EXTENSION postgres_fdw WITH SCHEMA extensions;
ALTER SCHEMA extensions OWNER TO keeper;
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id integer, who text);
ALTER TABLE shop.orders OWNER TO app;
CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw;
CREATE OPERATOR FAMILY shop.family USING btree;
ALTER OPERATOR FAMILY shop.family USING btree OWNER TO app;
CREATE INDEX words ON shop.orders USING gin (who extensions.gin_trgm_ops);
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO keeper;
ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA shop GRANT SELECT ON TABLES TO keeper;`;
  await opened(script, async (_room, url) => {
    const found = await inReadOnlyTransaction({ url }, 10_000, async (client) => {
      const { rows } = await client.query(`SELECT
        (SELECT relowner::regrole::text FROM pg_class WHERE oid = 'shop.orders'::regclass) AS orders,
        (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'extensions') AS extensions,
        (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'shop') AS shop,
        (SELECT opfowner::regrole::text FROM pg_opfamily WHERE opfname = 'family') AS family,
        has_function_privilege('keeper', 'pg_reload_conf()', 'EXECUTE') AS granted,
        (SELECT count(*)::int FROM pg_auth_members m WHERE m.roleid::regrole::text IN ('app', 'keeper')) AS members,
        (SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres') AS super`);
      return rows[0];
    });
    assert.deepEqual(found, {
      ...{ orders: 'app', extensions: 'keeper', shop: 'postgres', family: 'app' },
      ...{ granted: true, members: 0, super: false },
    });
  });
});

test('what confines the server that holds a dump’s definitions, whatever runs there', async () => {
  await opened('CREATE SCHEMA shop;', async (room) => {
    const inside = async (script: string) => exec(host, room.container, { command: ['bash', '-c', script] });
    const fails = async (script: string, why: RegExp) => {
      const { exitCode, stderr } = await inside(script);
      assert.notEqual(exitCode, 0, script);
      assert.match(stderr, why);
    };
    await fails('touch /etc/written', /Read-only file system/);
    await fails('touch /var/lib/postgresql/written', /Read-only file system/);
    await fails('printf x > /dump/program && chmod 755 /dump/program && /dump/program', /Permission denied/);
    await fails('dd if=/dev/zero of=/dump/much bs=1M count=4000', /No space left/);
    await inside('rm -f /dump/much');
    const status = (await inside('grep -E "^(Cap(Eff|Bnd|Prm)|NoNewPrivs|Seccomp):" /proc/self/status')).stdout;
    assert.match(status, /CapEff:\s+0{16}/);
    assert.match(status, /CapBnd:\s+0{16}/);
    assert.match(status, /NoNewPrivs:\s+1/);
    assert.match(status, /Seccomp:\s+2/);
    assert.match((await inside('id -u')).stdout, /^[1-9]/);
    // At the end: nobody reaps what bash leaves behind when it gives up, and what is left of the limit may do for nothing else.
    const many = await inside('for n in $(seq 400); do sleep 5 & done; wait');
    assert.match(many.stderr, /fork: retry: Resource temporarily unavailable/);
  });
});
