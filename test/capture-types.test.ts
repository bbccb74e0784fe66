import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { removeInstallation } from '../services/engine/clean-up.ts';
import { captureDatabase } from '../services/snapshots/capture/capture.ts';
import { docker, startPostgres, type TestPostgres, testHost } from './support/postgres.ts';
import { captureOf, reader, refusedCapture } from './support/source.ts';

const canary = 'qxkanarivz';
const rows = 400;

/** One table with a column of every type that masking knows by more than its name, and others that it does not know. */
const schema = `
CREATE ROLE reader LOGIN PASSWORD '${reader.password}' BYPASSRLS IN ROLE pg_read_all_data;
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION pgcrypto;
CREATE SCHEMA app;
SET search_path = app, public;
CREATE TYPE gender AS ENUM ('f', 'm', 'x');
CREATE DOMAIN mail AS varchar(80) CHECK (VALUE LIKE '%@%');
CREATE DOMAIN mails AS mail[];
CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE address AS (street text, city varchar(30), tags text[], since date);
CREATE TYPE prices AS RANGE (subtype = numeric, multirange_type_name = many_prices);
CREATE TABLE cities (code varchar(20) PRIMARY KEY);
INSERT INTO cities SELECT '${canary} ' || n FROM generate_series(1, 50) n;

CREATE TABLE everything (
  id bigint PRIMARY KEY,
  mail mail NOT NULL UNIQUE, mails mails, share percent, nick citext UNIQUE,
  device macaddr UNIQUE, device8 macaddr8, devices macaddr[],
  ssn text UNIQUE, pesel char(11) UNIQUE, dni text UNIQUE, nir text UNIQUE, bsn text, joined date, area_code char(8),
  note text, born date NOT NULL, seen timestamptz CHECK (seen > born), opened time, month_born date,
  salary numeric(8, 2), points int2 CHECK (points >= 0), balance money, ratio float8,
  city varchar(20) REFERENCES cities, district text, gender gender, genders gender[], active boolean, postcode varchar(10),
  home address, homes address[],
  stay daterange CHECK (NOT isempty(stay)), slots tstzmultirange, price prices, seats int4range[],
  booked tsrange, EXCLUDE USING gist (booked WITH &&),
  secret bytea UNIQUE, flags bit(24), more_flags varbit(40),
  attributes hstore, profile jsonb, ids uuid[], addresses inet[], network cidr,
  title text, body varchar(200), words tsvector NOT NULL,
  password_hash varchar(128), token text UNIQUE,
  document xml, place point, took interval, area box[], at_lsn pg_lsn
);
CREATE FUNCTION index_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.words := setweight(to_tsvector('english', coalesce(NEW.title, '')), 'A') || to_tsvector('english', coalesce(NEW.body, ''));
  RETURN NEW; END $$;
CREATE TRIGGER index_words BEFORE INSERT OR UPDATE ON everything FOR EACH ROW EXECUTE FUNCTION index_words();
CREATE FUNCTION pesel(n bigint) RETURNS text LANGUAGE sql AS $$ SELECT n::text || (10 - (
  SELECT sum((string_to_array('1,3,7,9,1,3,7,9,1,3', ',')::int[])[i] * substr(n::text, i, 1)::int) FROM generate_series(1, 10) i) % 10) % 10 $$;
INSERT INTO everything
SELECT n, '${canary}' || n || '@shop.example', ARRAY['${canary}' || n || '@a.example', NULL], n % 101, '${canary}' || n,
  ('08:00:2b:01:' || to_hex(16 + n / 200) || ':' || to_hex(16 + n % 200))::macaddr, '08:00:2b:ff:fe:01:02:03'::macaddr8, ARRAY['08:00:2b:01:02:03', NULL]::macaddr[],
  to_char(100 + n, 'FM000') || '-12-' || to_char(n, 'FM0000'), pesel(4405140000 + n),
  to_char(10000000 + n, 'FM00000000') || substr('TRWAGMYFPDXBNJZSQVHLCKE', (10000000 + n) % 23 + 1, 1),
  (1840675000000 + n * 1001)::text || to_char(97 - (1840675000000 + n * 1001) % 97, 'FM00'), '111222333', '1999-12-31', 'SW1A 1A',
  'Of ${canary}: born to be masked. ' || n, '1960-01-01'::date + n * 11, '2024-01-01 10:00:00.123456+00'::timestamptz + n * interval '7 hours',
  '08:30:15'::time + n * interval '1 second', '1960-01-15'::date + n * 11,
  1000.25 + n, n, (n * 1.37)::numeric::money, n * 1e-5,
  '${canary} ' || 1 + n % 50, CASE WHEN n % 3 = 0 THEN 'North ${canary}' WHEN n % 3 = 1 THEN 'South' ELSE 'East' END,
  (enum_range(NULL::gender))[1 + n % 3], ARRAY['f', NULL, 'x']::gender[], n % 2 = 0, to_char(10115 + n, 'FM00000'),
  ROW('${canary} (main) street, "no" ' || n, 'Berlin', ARRAY['${canary}', NULL], '2001-02-03')::address,
  ARRAY[ROW(NULL, '', '{}', NULL), ROW('a\\b', '${canary}', NULL, '2001-02-03')]::address[],
  daterange('2024-01-01'::date + n, '2024-01-02'::date + n), tstzmultirange(tstzrange('2024-01-01 10:00+00'::timestamptz + n * interval '1 day', NULL), tstzrange('2020-01-01', '2020-01-01 00:00:01+00')),
  prices(n, n, '[]'), ARRAY[int4range(n, n + 1), 'empty', NULL, int4range(NULL, n)],
  tsrange('2024-01-01'::timestamp + n * interval '1 hour', '2024-01-01'::timestamp + (n + 1) * interval '1 hour'),
  decode(to_char(n, 'FM00000000'), 'hex') || '\\xcafe'::bytea, n::bit(24), (n::bit(16))::varbit,
  hstore(ARRAY['mail', '${canary}' || n || '@shop.example', 'plan', 'pro', '${canary}', '${canary}', 'none', NULL]),
  jsonb_build_object('mail', '${canary}' || n || '@shop.example', 'sex', 'f'), ARRAY[gen_random_uuid(), NULL], ARRAY['93.184.216.34'::inet + n], '93.184.216.0/24',
  'Masking ${canary} titles', 'The ${canary} runs', NULL,
  '$2b$12$${canary}', 'tok_${canary}' || n,
  xmlelement(name p, '${canary}'), point(n, 52.5), n * interval '1 minute', ARRAY[box(point(0, 0), point(n, n)), box(point(0, 1), point(n, n))], '0/16B3740'::pg_lsn + n
FROM generate_series(1, ${rows}) n;
INSERT INTO everything (id, mail, born, words) VALUES (${rows + 1}, 'nobody@x', '2000-01-01', '');
ALTER TABLE everything ADD sex text;
UPDATE everything SET sex = CASE WHEN id % 10 = 0 THEN 'd' ELSE 'w' END WHERE id <= ${rows};
ALTER TABLE everything ADD office address, ADD revenue numeric(9, -3), ADD first_day date, ADD vector int2vector;
UPDATE everything SET office = ROW(NULL, 'City ' || id % 7, NULL, NULL), revenue = id * 7000, first_day = '4714-11-24 BC', vector = '5 6'
  WHERE id <= ${rows};

CREATE TABLE accounts (id integer PRIMARY KEY, email text NOT NULL UNIQUE, password char(60));
INSERT INTO accounts SELECT n, '${canary}' || n || '@shop.example', crypt('Pr0duction' || n, gen_salt('bf', 4)) FROM generate_series(1, 5) n;
INSERT INTO accounts VALUES (6, 'never-signed-in@shop.example', NULL);
CREATE TABLE people (mail citext PRIMARY KEY);
CREATE TABLE logins (mail text, n int);
INSERT INTO people SELECT 'User' || n || '@Corp.example' FROM generate_series(1, 100) n;
INSERT INTO logins SELECT CASE WHEN n % 2 = 0 THEN mail ELSE lower(mail) END, n
  FROM generate_series(1, 200) n JOIN people ON mail = ('user' || 1 + n % 100 || '@corp.example')::citext;
CREATE TABLE visits (customer bigint NOT NULL, visited date, paid timestamp, who citext, words tsvector) PARTITION BY LIST (customer);
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
CREATE TABLE owners (id bigint PRIMARY KEY CHECK (id > 0), code numeric(20) UNIQUE, n int);
INSERT INTO owners SELECT CASE WHEN n % 3 = 0 THEN 2147480000::bigint + n * 10 ELSE n END, 9223372036854775000::numeric + n * 4, n FROM generate_series(1, 600) n;
CREATE TABLE tickets (id serial PRIMARY KEY, n int);
CREATE TABLE parted (id bigint GENERATED BY DEFAULT AS IDENTITY, n int, PRIMARY KEY (id, n)) PARTITION BY LIST (n);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
INSERT INTO tickets (n) SELECT n FROM generate_series(1, 1500) n;
ALTER SEQUENCE tickets_id_seq INCREMENT 7;
CREATE SEQUENCE invoices;
ALTER TABLE tickets ADD invoice text DEFAULT 'INV-' || nextval('invoices');
ALTER SEQUENCE invoices OWNED BY tickets.invoice;
INSERT INTO parted (n) SELECT n FROM generate_series(1, 1500) n;
CREATE SEQUENCE of_both;
CREATE TABLE letters (id bigint PRIMARY KEY DEFAULT nextval('of_both'), n int);
CREATE TABLE parcels (id int PRIMARY KEY DEFAULT nextval('of_both'), n int);
INSERT INTO letters (n) SELECT n FROM generate_series(1, 1000) n;
INSERT INTO parcels (n) SELECT n FROM generate_series(1, 1000) n;
CREATE TABLE refunds (id int PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (INCREMENT -3 START -1), n int);
INSERT INTO refunds (n) SELECT n FROM generate_series(1, 1000) n;
CREATE TABLE pets (owner int REFERENCES owners, code bigint REFERENCES owners (code), n int);
INSERT INTO pets SELECT CASE WHEN id <= 2147483647 THEN id END, CASE WHEN code <= 9223372036854775807 THEN code END, n FROM owners;
INSERT INTO visits SELECT 1 + n % ${rows}, '2024-02-01', '2024-02-02 10:00', CASE n % 3 WHEN 0 THEN 'Anna' WHEN 1 THEN 'anna' ELSE 'Zoe' END, to_tsvector('Zoe ${canary}') FROM generate_series(1, 900) n;
ANALYZE;
`;

const keep = { keep: 'surrogate key' };
const address = { street: 'street', city: 'city', tags: 'text', since: 'date' };
const everything = {
  id: keep,
  mail: { mask: 'email' },
  mails: { mask: 'email' },
  share: { mask: 'number', amount: 20, min: 0, max: 100 },
  nick: { mask: 'username' },
  device: { mask: 'mac' },
  device8: { mask: 'mac' },
  devices: { mask: 'mac' },
  ssn: { mask: 'national_id', country: 'us' },
  pesel: { mask: 'national_id', country: 'pl' },
  dni: { mask: 'national_id', country: 'es' },
  nir: { mask: 'national_id', country: 'fr' },
  bsn: { mask: 'national_id', country: 'nl' },
  joined: { mask: 'randomise', from: '2010-01-01', to: '2019-12-31', subject: 'id' },
  area_code: { mask: 'randomise', shape: true },
  note: { mask: 'text' },
  born: { mask: 'date', days: 200, subject: 'id' },
  seen: { mask: 'date', days: 200, subject: 'id' },
  opened: { mask: 'generalise', to: 'hour' },
  month_born: { mask: 'generalise', to: 'month' },
  salary: { mask: 'number', noise: 0.3 },
  points: { mask: 'number', amount: 30, min: 0 },
  balance: { mask: 'number' },
  ratio: { mask: 'number' },
  city: { mask: 'shuffle', pool: 'cities' },
  district: { mask: 'shuffle' },
  gender: { mask: 'randomise' },
  genders: { mask: 'randomise' },
  active: { mask: 'randomise', subject: 'id' },
  postcode: { mask: 'generalise', prefix: 2 },
  home: { mask: 'composite', fields: address },
  homes: { mask: 'composite', fields: address },
  stay: { mask: 'date', days: 100 },
  slots: { mask: 'date', days: 100 },
  price: { mask: 'number' },
  seats: { mask: 'number', noise: 0.5 },
  booked: { mask: 'date', per: 'snapshot' },
  secret: { mask: 'bytes' },
  flags: { mask: 'bytes' },
  more_flags: { mask: 'bytes' },
  attributes: { mask: 'hstore', fields: { mail: 'email', plan: keep } },
  profile: { mask: 'json', fields: { mail: 'email', sex: { mask: 'constant', value: 'x' } } },
  ids: { mask: 'uuid' },
  addresses: { mask: 'ip' },
  network: { mask: 'generalise', prefix: 8 },
  title: { mask: 'text' },
  body: { mask: 'text' },
  words: { mask: 'rebuild', columns: ['title', 'body'], config: 'english' },
  password_hash: { mask: 'password', scheme: 'argon2id', password: 'staging-1' },
  token: { mask: 'token' },
  document: { mask: 'constant', value: '<p/>' },
  place: { mask: 'constant', value: '(0,0)' },
  took: { mask: 'shuffle' },
  area: { mask: 'shuffle' },
  at_lsn: { mask: 'null' },
  sex: { mask: 'randomise', values: 'own', subject: 'id' },
  office: { mask: 'shuffle' },
  revenue: { mask: 'number', noise: 1 },
  first_day: { mask: 'date', per: 'snapshot' },
  vector: { mask: 'randomise', values: ['1 2 3', '4'] },
};
const policy = {
  tables: {
    'app.everything': everything,
    'app.cities': { code: { mask: 'shuffle', pool: 'cities' } },
    'app.owners': { id: { mask: 'token' }, code: { mask: 'token' }, n: keep },
    'app.tickets': { id: { mask: 'token' }, n: keep, invoice: { mask: 'token' } },
    'app.parted': { id: { mask: 'token' }, n: keep },
    'app.letters': { id: { mask: 'token' }, n: keep },
    'app.parcels': { id: { mask: 'token' }, n: keep },
    'app.refunds': { id: { mask: 'token' }, n: keep },
    'app.pets': { owner: { mask: 'token' }, code: { mask: 'token' }, n: keep },
    'app.accounts': {
      ...{ id: keep, email: { mask: 'email' } },
      password: { mask: 'password', scheme: 'bcrypt', password: 'staging-1' },
    },
    'app.people': { mail: { mask: 'email' } },
    'app.logins': { mail: { mask: 'email' }, n: keep },
    'app.visits': {
      customer: keep,
      visited: { mask: 'date', days: 200, subject: 'customer' },
      paid: { mask: 'date', days: 200, subject: 'customer' },
      who: { mask: 'shuffle' },
      words: { mask: 'rebuild', columns: ['who'] },
    },
  },
  links: [{ from: 'app.logins.mail', to: 'app.people.mail' }],
};

const host = testHost();
let production: TestPostgres;

before(async () => {
  process.env.TMPDIR = await mkdtemp(join(tmpdir(), 'greenroom-test-'));
  production = await startPostgres();
  await production.createDatabase('shop', schema);
});

after(async () => {
  await production?.remove();
  await removeInstallation(docker, host.installation);
  await rm(tmpdir(), { recursive: true });
});

const optionsFor = (tables: object = {}) =>
  captureOf(
    host,
    { url: production.url('shop', reader) },
    { policy: { ...policy, tables: { ...policy.tables, ...tables } } },
  );

describe('a table with a column of every type', () => {
  let stack: TestPostgres;
  let copy: pg.Client;
  let original: pg.Client;

  before(async () => {
    const options = optionsFor();
    await captureDatabase(options);
    stack = await startPostgres({ volume: options.target.volume });
    await stack.run(['psql', '-U', 'postgres', '-c', `ALTER ROLE postgres PASSWORD '${stack.password}'`]);
    copy = await stack.connect('shop');
    original = await production.connect('shop');
    for (const session of [copy, original]) await session.query('SET search_path = app, public');
  });

  after(async () => {
    await copy?.end();
    await original?.end();
    await stack?.remove();
  });

  const one = async (sql: string) => Object.values((await copy.query(sql)).rows[0])[0];
  const none = async (condition: string) =>
    assert.equal(
      await one(`SELECT count(*)::int FROM everything WHERE id <= ${rows} AND NOT coalesce(${condition}, false)`),
      0,
      condition,
    );
  /** Every value of a column as Postgres prints it, by row. */
  const printed = async (session: pg.Client, column: string) =>
    (await session.query(`SELECT format('%s', ${column}) AS v, ${column} IS NULL AS none FROM everything ORDER BY id`))
      .rows;

  test('no value of a masked column stays what it was, and none becomes or was NULL alone', async () => {
    // What is coarser or drawn may be what it was.
    const mayStay = ['opened', 'month_born', 'gender', 'genders', 'sex', 'active', 'area_code', 'postcode', 'network'];
    for (const [column, rule] of Object.entries(everything)) {
      if ('keep' in rule) continue;
      const [before, afterwards] = [await printed(original, column), await printed(copy, column)];
      assert.equal(afterwards.length, rows + 1);
      const equal = before.filter(({ v, none }, index) => !none && v !== '' && afterwards[index].v === v).length;
      if (!mayStay.includes(column)) assert.equal(equal, 0, `${equal} values of ${column} stayed`);
      if (rule.mask !== 'null') {
        assert.deepEqual(
          afterwards.map(({ none }) => none),
          before.map(({ none }) => none),
          column,
        );
      }
    }
  });

  test('nothing of an original word is left in any column', async () => {
    for (const table of ['everything', 'visits', 'cities']) {
      const { rows: left } = await copy.query(`SELECT * FROM ${table} t WHERE t::text ILIKE $1 LIMIT 1`, [
        `%${canary}%`,
      ]);
      // Shuffled values are the column's own.
      const columns = Object.entries(left[0] ?? {}).filter(([, value]) => JSON.stringify(value)?.includes(canary));
      assert.deepEqual(
        columns.map(([name]) => name).filter((name) => !['city', 'district', 'code'].includes(name)),
        [],
      );
    }
  });

  test('checks, domains, uniqueness and exclusion hold, as Postgres itself finds them', async () => {
    const { rows: constraints } = await copy.query(
      "SELECT conname, conrelid::regclass::text AS of FROM pg_constraint WHERE connamespace = 'app'::regnamespace AND contype IN ('c', 'f')",
    );
    for (const { conname, of } of constraints) {
      if (of === '-') continue;
      await copy.query(`ALTER TABLE ${of} ALTER CONSTRAINT ${conname} DEFERRABLE`).catch(() => {});
      await copy.query(`ALTER TABLE ${of} VALIDATE CONSTRAINT ${conname}`);
    }
    assert.equal(await one('SELECT count(*)::int FROM pg_index WHERE NOT indisvalid'), 0);
    await none(
      `mail LIKE '%@example.%' AND mails[1] LIKE '%@example.%' AND mails[2] IS NULL AND share BETWEEN 0 AND 100`,
    );
    await none('seen > born AND points >= 0 AND scale(salary) = 2 AND balance > 0::money');
  });

  test('national ids have valid check digits, by SQL of their own', async () => {
    await none(`ssn ~ '^(?!000|666|9)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}$'`);
    await none(
      `(SELECT sum((string_to_array('1,3,7,9,1,3,7,9,1,3,1', ',')::int[])[i] * substr(pesel, i, 1)::int) FROM generate_series(1, 11) i) % 10 = 0`,
    );
    await none(`substr('TRWAGMYFPDXBNJZSQVHLCKE', substr(dni, 1, 8)::int % 23 + 1, 1) = substr(dni, 9)`);
    await none(`97 - replace(replace(left(nir, 13), '2A', '19'), '2B', '18')::bigint % 97 = right(nir, 2)::int`);
    await none(
      `(SELECT sum(substr(bsn, i, 1)::int * (CASE i WHEN 9 THEN -1 ELSE 10 - i END)) FROM generate_series(1, 9) i) % 11 = 0`,
    );
  });

  test('masked keys still join, an integer with a bigint and that with a numeric', async () => {
    const { rows: before } = await original.query('SELECT id, code FROM owners ORDER BY n');
    const { rows: owners } = await copy.query(
      'SELECT id, a.code, a.n, b.n AS by_owner, c.n AS by_code FROM owners a LEFT JOIN pets b ON b.owner = id LEFT JOIN pets c ON c.code = a.code ORDER BY a.n',
    );
    assert.equal(owners.length, 600);
    owners.forEach(({ id, code, n, by_owner, by_code }, index) => {
      assert.notEqual(id, before[index].id);
      assert.notEqual(code, before[index].code);
      assert.equal(by_owner, before[index].id <= 2147483647 ? n : null);
      assert.equal(by_code, BigInt(before[index].code) <= 9223372036854775807n ? n : null);
    });
  });

  test('copies of a column that ignores case still join, however they are written', async () => {
    assert.equal(await one('SELECT count(*)::int FROM logins l JOIN people p USING (mail)'), 200);
    assert.equal(await one("SELECT count(*)::int FROM logins WHERE mail ~ '^[a-z.0-9]+@example'"), 200);
  });

  test('at the ends of what types hold, and between whole thousands, there is another value', async () => {
    await none("first_day > '4714-11-24 BC' AND revenue % 1000 = 0 AND revenue > 0 AND vector IN ('1 2 3', '4')");
    assert.ok(Number(await one('SELECT count(DISTINCT revenue)::int FROM everything')) > 300);
  });

  for (const [tables, source] of [
    [['tickets'], { last: 1500, step: 7, furthest: 9000 }],
    [['parted'], { last: 1500, step: 1, furthest: 9000 }],
    [['letters', 'parcels'], { last: 2000, step: 1, furthest: 9000 }],
    [['refunds'], { last: -2998, step: -3, furthest: -9000 }],
  ] as const) {
    test(`rows can be added behind the masked keys of ${tables.join(' and ')}`, async () => {
      const way = Math.sign(source.step);
      const keys = tables.map((table) => `SELECT id FROM ${table}`).join(' UNION ALL ');
      const furthest = Number(await one(`SELECT max(id * ${way}) FROM (${keys}) k`));
      assert.ok(furthest > source.furthest * way, `${furthest}`);
      for (const table of tables) {
        const { rows: ids } = await copy.query(
          `INSERT INTO ${table} (n) SELECT n FROM generate_series(1, 3000) n RETURNING id::int`,
        );
        for (const { id } of ids) {
          assert.ok(id * way > furthest);
          assert.equal((id - source.last) % source.step === 0, true, 'in steps from where the source was');
        }
        await copy.query(`DELETE FROM ${table} WHERE id * ${way} > $1`, [furthest]);
      }
    });
  }

  test('addresses of devices are locally administered', async () => {
    await none(`get_byte(macaddr_send(device), 0) & 3 = 2 AND get_byte(macaddr8_send(device8), 0) & 3 = 2`);
    await none(`get_byte(macaddr_send(devices[1]), 0) & 3 = 2 AND devices[2] IS NULL`);
  });

  test('ranges are in order, hold something where they did, and lack the bounds that they lacked', async () => {
    await none(`NOT isempty(stay) AND lower(stay) < upper(stay)`);
    await none(`lower(price) = upper(price) AND upper_inc(price)`);
    await none(`NOT isempty(slots) AND upper_inf(slots) AND array_length(seats, 1) = 4 AND seats[3] IS NULL`);
    await none(`NOT isempty(seats[1]) AND isempty(seats[2]) AND lower_inf(seats[4])`);
    await none(`upper(booked) - lower(booked) = '1 hour'`);
  });

  test('composite values, hstore and documents are masked within', async () => {
    await none(
      `(home).street ~ '^\\d+ ' AND length((home).city) > 0 AND (home).tags[2] IS NULL AND (home).since <> '2001-02-03'`,
    );
    await none(
      `(homes[1]).street IS NULL AND (homes[1]).city = '' AND (homes[1]).tags = '{}' AND (homes[2]).tags IS NULL`,
    );
    await none(
      `attributes -> 'mail' = mail AND attributes -> 'plan' = 'pro' AND profile ->> 'mail' = mail AND profile ->> 'sex' = 'x'`,
    );
    await none(`(SELECT count(*) FROM skeys(attributes)) = 4 AND NOT attributes ? 'none'`);
  });

  test('lengths and shapes are kept', async () => {
    await none(`length(secret) = 6 AND length(flags) = 24 AND length(more_flags) = 16 AND length(note) > 30`);
    await none(
      `opened = date_trunc('hour', opened::interval)::time AND month_born = date_trunc('month', month_born) AND postcode ~ '^1[0-9]000$'`,
    );
    await none(`joined BETWEEN '2010-01-01' AND '2019-12-31' AND rtrim(area_code) ~ '^[A-Z]{2}[0-9][A-Z] [0-9][A-Z]$'`);
    await none(`network = '93.0.0.0/24' AND addresses[1] << '10.0.0.0/8' AND ids[2] IS NULL AND at_lsn IS NULL`);
  });

  test('enums and booleans are drawn: each label for each original', async () => {
    const { rows: genders } = await original.query(
      'SELECT id, gender FROM everything WHERE gender IS NOT NULL ORDER BY id',
    );
    const { rows: drawn } = await copy.query('SELECT id, gender FROM everything WHERE gender IS NOT NULL ORDER BY id');
    const pairs = new Set(drawn.map(({ gender }, index) => `${genders[index].gender} ${gender}`));
    assert.equal(pairs.size, 9);
    await none(`cardinality(genders) = 3 AND genders[2] IS NULL AND genders[1] IN ('f', 'm', 'x')`);
  });

  test('a column’s own values are drawn without regard to the original, each as often as another', async () => {
    const counts = 'SELECT sex, count(*)::int FROM everything WHERE sex IS NOT NULL GROUP BY sex ORDER BY sex';
    const { rows: drawn } = await copy.query(counts);
    assert.deepEqual(
      drawn.map(({ sex }) => sex),
      ['d', 'w'],
    );
    for (const { sex, count } of drawn) assert.ok(count > rows * 0.35, `${count} of ${rows} are ${sex}`);
    const { rows: stayed } = await copy.query("SELECT count(*)::int FROM everything WHERE sex = 'd' AND id % 10 = 0");
    assert.ok(stayed[0].count < rows * 0.09, `${stayed[0].count} of ${rows / 10} stayed`);
  });

  test('shuffled columns hold the values that they held, and joins still find their rows', async () => {
    for (const [column, table] of [
      ['city', 'everything'],
      ['district', 'everything'],
      ['code', 'cities'],
      ['took', 'everything'],
      ['area::text', 'everything'],
      ['office::text', 'everything'],
    ]) {
      const sql = `SELECT DISTINCT ${column} AS v FROM ${table} ORDER BY 1`;
      assert.deepEqual((await copy.query(sql)).rows, (await original.query(sql)).rows, column);
    }
    await none(`EXISTS (SELECT FROM cities c WHERE c.code = everything.city)`);
    const whose = 'SELECT who, count(*)::int FROM visits GROUP BY who ORDER BY count(*)';
    assert.deepEqual(
      (await original.query(whose)).rows.map(({ who, count }) => [who.toLowerCase(), count]),
      [
        ['zoe', 300],
        ['anna', 600],
      ],
    );
    assert.deepEqual(
      (await copy.query(whose)).rows.map(({ who, count }) => [who, count]),
      [
        ['anna', 300],
        ['zoe', 600],
      ],
    );
  });

  test('all dates of one person moved by the same days, in both tables', async () => {
    const sql = `SELECT e.id, v.visited - e.born AS a, v.paid - v.visited AS b, e.seen::date - e.born AS c FROM everything e JOIN visits v ON v.customer = e.id ORDER BY 1, 2, 3`;
    assert.deepEqual((await copy.query(sql)).rows, (await original.query(sql)).rows);
    assert.ok(Number(await one('SELECT count(DISTINCT visited)::int FROM visits')) > 100);
  });

  test('tsvectors are computed from masked columns; what computed them is gone', async () => {
    await none(`words = to_tsvector('english', title || ' ' || body) AND words <> ''`);
    assert.equal(await one("SELECT count(*)::int FROM visits WHERE words = to_tsvector('simple', who)"), 900);
    assert.equal(await one("SELECT count(*)::int FROM pg_namespace WHERE nspname LIKE 'greenroom%'"), 0);
    assert.deepEqual((await copy.query('SELECT tgname FROM pg_trigger WHERE NOT tgisinternal')).rows, [
      { tgname: 'index_words' },
    ]);
  });

  test('one password hash for all', async () => {
    assert.equal(await one('SELECT count(DISTINCT password_hash)::int FROM everything'), 1);
    await none(`password_hash LIKE '$argon2id$v=19$%'`);
  });

  test('everybody who had a password signs in with the staging password, as Postgres itself finds, and with no other', async () => {
    const signsIn = async (session: pg.Client, password: string) =>
      (
        await session.query<{ opens: boolean | null }>(
          `SELECT password = crypt(${password}, password) AS opens FROM accounts ORDER BY id`,
        )
      ).rows.map(({ opens }) => opens);
    const [all, none] = [true, false].map((opens) => [...Array(5).fill(opens), null]);
    assert.deepEqual(await signsIn(original, "'Pr0duction' || id"), all);
    assert.deepEqual(await signsIn(original, "'staging-1'"), none);
    assert.deepEqual(await signsIn(copy, "'staging-1'"), all);
    assert.deepEqual(await signsIn(copy, "'Pr0duction' || id"), none);
    assert.equal(await one('SELECT count(DISTINCT email)::int FROM accounts'), 6);
  });
});

describe('refused', () => {
  const refusedWith = (columns: object) =>
    refusedCapture(optionsFor({ 'app.everything': { ...everything, ...columns } }), production, [canary]);

  test('a masked value that a domain or a check forbids: the column is named, no value is', async () => {
    for (const [column, rule] of [
      ['mail', { mask: 'text' }],
      ['points', { mask: 'number', amount: 20_000 }],
    ] as const) {
      const problem = await refusedWith({ [column]: rule });
      assert.equal(problem.code, 'capture-failed', column);
      assert.equal(problem.where, `app.everything.${column}`);
      assert.deepEqual(
        problem.errors?.map(({ where }) => where),
        [`app.everything.${column}`],
      );
    }
  });

  test('values of the policy that a type or domain does not take, all of them, before a row is read', async () => {
    const problem = await refusedWith({
      took: { mask: 'constant', value: 'no interval' },
      share: { mask: 'constant', value: 101 },
      mails: { mask: 'randomise', values: ['a@b', 'no address'] },
      opened: { mask: 'randomise', values: ['08:00', '25:00'] },
      district: { mask: 'randomise', values: ['North', 'South'] },
    });
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(problem.errors?.map(({ where }) => where.split('.')[2]).sort(), [
      'mails',
      'opened',
      'share',
      'took',
    ]);
  });

  test('a shuffle of a single value, a text search configuration that there is not', async () => {
    const shuffle = await refusedWith({ bsn: { mask: 'shuffle' } });
    assert.equal(shuffle.code, 'policy-invalid');
    assert.equal(shuffle.where, 'app.everything.bsn');
    const rebuild = await refusedWith({ words: { mask: 'rebuild', columns: ['title'], config: 'klingon' } });
    assert.equal(rebuild.code, 'policy-invalid');
    assert.equal(rebuild.where, 'app.everything.words');
  });

  test('elements of what only says that it is an array', async () => {
    const problem = await refusedWith({ vector: { mask: 'number' } });
    assert.equal(problem.code, 'policy-invalid');
    assert.deepEqual(
      problem.errors?.map(({ where, what }) => `${where} ${what}`),
      ['app.everything.vector int2vector cannot hold the mask number'],
    );
  });

  test('fields of a composite type that nothing classifies', async () => {
    const problem = await refusedWith({ home: { mask: 'composite', fields: { street: 'street' } } });
    assert.deepEqual(
      problem.errors?.map(({ where }) => where),
      ['city', 'tags', 'since'].map((field) => `app.everything.home.${field}`),
    );
  });
});
