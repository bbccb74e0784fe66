/** Names that are hard to carry: what SQL quotes, what COPY and pg_dump escape, what JavaScript has of its own. */
export const oddNames = [
  'with "quotes"',
  "it's",
  'line\nbreak',
  'tab\tand \\back\\slash',
  '100% of $1 {x} %I',
  'dots.and.dots',
  'select',
  '  spaces  ',
  'Ünï¢ödé 表 😀',
  `${'ü'.repeat(31)}1`,
  '__proto__',
  'constructor',
  '--no-comments',
  '*?[a-z]|(b)+',
  'END_OF_LIST',
];

const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Each as a schema, a table, a column, a type, a function, an index, a constraint, a trigger, a sequence, a view. */
const odd = oddNames
  .map((name) => {
    const [own, sequence, column] = [identifier(name), identifier(`seq ${name}`.slice(0, 30)), identifier(name)];
    return `CREATE SCHEMA ${own};
CREATE TYPE ${own}."type" AS ENUM (${literal(name)}, '');
CREATE TABLE ${own}.${own} (${column} text PRIMARY KEY, e ${own}."type", n int CHECK (n > 0), CONSTRAINT ${identifier(`c ${name}`.slice(0, 30))} CHECK (${column} <> 'x'));
INSERT INTO ${own}.${own} VALUES (${literal(name)}, ${literal(name)}, 1), ('', '', NULL);
CREATE INDEX ${identifier(`i ${name}`.slice(0, 30))} ON ${own}.${own} (e, lower(${column}));
CREATE SEQUENCE ${own}.${sequence};
CREATE VIEW ${own}."view" AS SELECT ${column} AS x FROM ${own}.${own};
CREATE FUNCTION ${own}.${own}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
CREATE TRIGGER ${own} BEFORE UPDATE OF ${column} ON ${own}.${own} FOR EACH ROW EXECUTE FUNCTION ${own}.${own}();`;
  })
  .join('\n');

/** One of everything that pg_dump knows and a capture keeps, for Postgres 15 and later. */
export const everyObject = `
CREATE ROLE owner_one LOGIN;
CREATE ROLE "Team, of ""many""" NOLOGIN;
CREATE ROLE reader LOGIN PASSWORD 'r3ad3r-s3cr3t' BYPASSRLS IN ROLE pg_read_all_data;
GRANT "Team, of ""many""" TO owner_one;
CREATE EXTENSION citext;
CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC;
CREATE EXTENSION hstore SCHEMA extensions;
CREATE SCHEMA app AUTHORIZATION owner_one;
GRANT USAGE ON SCHEMA app TO "Team, of ""many""";
ALTER DEFAULT PRIVILEGES FOR ROLE owner_one IN SCHEMA app GRANT SELECT ON TABLES TO "Team, of ""many""";
SET search_path = app, extensions, public;
SET ROLE owner_one;

CREATE COLLATION german (provider = icu, locale = 'de-DE');
CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('so-so', 'it''s, "fine"', E'tab\\t', 'ünï');
CREATE TYPE place AS (street text COLLATE german, number int, mood mood);
CREATE DOMAIN positive AS int DEFAULT 1 CHECK (VALUE > 0);
CREATE DOMAIN mail AS public.citext NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@');
CREATE DOMAIN mails AS mail[] CHECK (cardinality(VALUE) < 4);
CREATE FUNCTION gap(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE TYPE float_range AS RANGE (subtype = float8, subtype_diff = gap, multirange_type_name = float_ranges);

CREATE TABLE people (
  id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 7) PRIMARY KEY,
  serial_number serial,
  gone int,
  mail mail UNIQUE,
  mails mails,
  name text COLLATE ignoring_case NOT NULL,
  home place,
  homes place[],
  mood mood DEFAULT 'so-so',
  range float_range,
  ranges float_ranges,
  extra hstore,
  age positive,
  twice int GENERATED ALWAYS AS (age * 2) STORED,
  words tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED,
  boss bigint REFERENCES people DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT grown_up CHECK (age < 200) NO INHERIT
) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE people DROP COLUMN gone;
ALTER TABLE people ALTER name SET STORAGE EXTERNAL, ALTER name SET STATISTICS 500, ALTER mail SET (n_distinct = -0.5);
CREATE UNIQUE INDEX people_name ON people (name) INCLUDE (age) WHERE age > 1;
CREATE INDEX people_lower ON people (lower(name COLLATE german) text_pattern_ops DESC NULLS LAST, (age + 1));
CREATE INDEX people_words ON people USING gin (words) WITH (fastupdate = off);
CREATE INDEX people_id_brin ON people USING brin (id) WITH (pages_per_range = 4);
CREATE UNIQUE INDEX people_age ON people (age, serial_number) NULLS NOT DISTINCT;
CREATE STATISTICS people_both (ndistinct, dependencies, mcv) ON age, mood FROM people;
CREATE STATISTICS people_expression ON (age % 10), (lower(name)) FROM people;
ALTER TABLE people REPLICA IDENTITY FULL;
CLUSTER people USING people_pkey;
INSERT INTO people (mail, mails, name, home, homes, range, ranges, extra, age, boss) SELECT n || '@X', ARRAY[n || '@a', 'b@' || n]::mails, 'Name ' || n,
  ('a "b" \\ (c),' || n, n, 'it''s, "fine"')::place, ARRAY[NULL, (NULL, n, E'tab\\t')::place], float_range(-n, 'infinity'), '{[1,2),(3,NaN]}',
  hstore(ARRAY['a', '"=>\\', 'n'], ARRAY[n::text, 'NULL', NULL]), 1 + n % 100, NULL FROM generate_series(1, 300) n;
UPDATE people SET boss = (SELECT max(id) FROM people);

CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL);
CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);
INSERT INTO a VALUES (1, 2); INSERT INTO b VALUES (2, 1);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b ON DELETE CASCADE ON UPDATE SET DEFAULT;
ALTER TABLE a ADD CONSTRAINT unread CHECK (id > 1) NOT VALID;

CREATE TABLE bookings (room int, during tsrange, EXCLUDE USING gist (during WITH &&) WHERE (room = 1) DEFERRABLE);
INSERT INTO bookings VALUES (1, '[2024-01-01,2024-01-02)'), (2, 'empty'), (1, '[2024-01-02,)');

CREATE TABLE sales (region text NOT NULL, at date NOT NULL, junk int, amount numeric) PARTITION BY LIST (region);
CREATE TABLE sales_north (at date NOT NULL, gone int, region text NOT NULL, amount numeric, junk int) PARTITION BY RANGE (at);
ALTER TABLE sales_north DROP COLUMN gone;
ALTER TABLE sales ATTACH PARTITION sales_north FOR VALUES IN ('north', 'it''s \\');
CREATE TABLE sales_north_old PARTITION OF sales_north FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE sales_north_hash PARTITION OF sales_north FOR VALUES FROM ('2020-01-01') TO (MAXVALUE) PARTITION BY HASH (amount);
CREATE TABLE sales_north_hash_0 PARTITION OF sales_north_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE sales_north_hash_1 PARTITION OF sales_north_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (fillfactor = 60);
CREATE TABLE sales_rest PARTITION OF sales DEFAULT;
CREATE INDEX sales_amount ON sales (amount);
INSERT INTO sales (region, at, amount) SELECT r, '2019-12-01'::date + n, n FROM unnest(ARRAY['north', E'it''s \\\\', 'south']) r, generate_series(1, 100) n;
CREATE TABLE visits (person bigint, at date, PRIMARY KEY (person, at), FOREIGN KEY (person) REFERENCES people) PARTITION BY RANGE (at);
CREATE TABLE visits_now PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO visits SELECT id, '2024-05-05' FROM people LIMIT 20;
CREATE TABLE moods (mood mood) PARTITION BY HASH (mood);
CREATE TABLE moods_0 PARTITION OF moods FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE moods_1 PARTITION OF moods FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE moods_2 PARTITION OF moods FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO moods SELECT unnest(enum_range(NULL::mood)) FROM generate_series(1, 5);

CREATE TABLE vehicle (id serial PRIMARY KEY, name text DEFAULT 'x');
CREATE TABLE engine (power int);
CREATE TABLE car (doors int, name text DEFAULT 'car') INHERITS (vehicle, engine);
INSERT INTO vehicle (name) VALUES ('bike'); INSERT INTO car (name, power, doors) VALUES ('beetle', 40, 2), (NULL, NULL, NULL);
CREATE TABLE typed OF place (number WITH OPTIONS DEFAULT 3, PRIMARY KEY (street));
INSERT INTO typed VALUES ('a', 1, 'so-so');

CREATE TABLE keyless (a int, b text); INSERT INTO keyless SELECT 1, 'same' FROM generate_series(1, 10);
CREATE TABLE columnless (); INSERT INTO columnless DEFAULT VALUES; INSERT INTO columnless DEFAULT VALUES;
CREATE TABLE empty (a int, b text);
CREATE TABLE wide (${Array.from({ length: 1600 }, (_, index) => `c${index} smallint`).join(', ')});
INSERT INTO wide (c0, c799, c1599) VALUES (1, 2, 3), (NULL, NULL, NULL);
CREATE UNLOGGED TABLE scratch (a int, b text); INSERT INTO scratch SELECT n, 'u' || n FROM generate_series(1, 10) n;
CREATE TABLE toasted (a int, b text, c bytea);
ALTER TABLE toasted ALTER b SET COMPRESSION pglz;
INSERT INTO toasted SELECT n, repeat(md5(n::text), 5000), decode(repeat(md5(n::text), 3000), 'hex') FROM generate_series(1, 20) n;

CREATE TABLE secured (id int, team text);
INSERT INTO secured VALUES (1, 'a'), (2, 'b');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY; ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON secured AS RESTRICTIVE FOR SELECT TO "Team, of ""many""" USING (team = current_user);
CREATE POLICY write ON secured FOR INSERT WITH CHECK (id > 0);
GRANT SELECT (id), UPDATE (team) ON secured TO "Team, of ""many""";
GRANT INSERT ON secured TO PUBLIC;

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = app AS $$ BEGIN RAISE EXCEPTION 'a trigger ran'; END $$;
CREATE TRIGGER plain BEFORE INSERT ON keyless FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER always BEFORE INSERT ON empty FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE empty ENABLE ALWAYS TRIGGER always;
CREATE TRIGGER every_time BEFORE INSERT OR UPDATE ON toasted FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION refuse();
ALTER TABLE toasted ENABLE ALWAYS TRIGGER every_time;
CREATE TRIGGER replicating AFTER INSERT ON scratch REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER off BEFORE DELETE ON scratch FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE scratch DISABLE TRIGGER off;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER partitioned BEFORE INSERT ON sales FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE RULE instead AS ON UPDATE TO keyless DO INSTEAD NOTHING;

CREATE FUNCTION modern(x int DEFAULT 3, VARIADIC more int[] DEFAULT '{}') RETURNS TABLE (y int, z text) LANGUAGE sql STABLE PARALLEL SAFE COST 5
  BEGIN ATOMIC SELECT x + 1, name FROM people; END;
CREATE PROCEDURE do_it(INOUT x int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION alike(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2::text';
CREATE OPERATOR === (leftarg = mood, rightarg = mood, function = alike, commutator = ===);
CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION plain_search (COPY = simple);
CREATE VIEW recursive AS WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t;
CREATE VIEW checked WITH (security_barrier, security_invoker) AS SELECT id, name FROM people WHERE age > 3 WITH CASCADED CHECK OPTION;
CREATE VIEW grouped AS SELECT id, name, count(*) OVER () FROM people GROUP BY id;
CREATE TRIGGER instead_of INSTEAD OF INSERT ON grouped FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE MATERIALIZED VIEW counted AS SELECT mood, count(*) AS n FROM people GROUP BY mood;
CREATE UNIQUE INDEX counted_mood ON counted (mood);
CREATE MATERIALIZED VIEW of_counted AS SELECT sum(n) AS n FROM counted;
CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
CREATE SEQUENCE down AS smallint INCREMENT -3 MINVALUE -30000 MAXVALUE -1 CYCLE CACHE 5;
SELECT nextval('down'), nextval('down');
CREATE SEQUENCE owned OWNED BY keyless.a;
CREATE SEQUENCE ended MAXVALUE 5; SELECT setval('ended', 5);
RESET ROLE;
CREATE FUNCTION app.number_of(app.mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1::text)';
CREATE CAST (app.mood AS int) WITH FUNCTION app.number_of(app.mood) AS ASSIGNMENT;
CREATE TABLE app.of_superuser (a int); INSERT INTO app.of_superuser VALUES (1);
SELECT lo_from_bytea(0, 'a large object');
SET search_path = '';
${odd}
ANALYZE;
`;
