import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type pg from 'pg';
import { catalogQuery } from '../services/sources/catalog.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { imageOf, majors } from './support/postgres-versions.ts';

/** Each text is the name of the catalog's column that it stands in, and of no other one; `in`, because no schema may begin with `pg_`. */
const planted = `
CREATE SCHEMA "in pg_namespace.nspname";
CREATE SCHEMA app;
SET search_path = app;
CREATE ROLE "in pg_authid.rolname";
COMMENT ON ROLE "in pg_authid.rolname" IS 'pg_shdescription.description';
ALTER ROLE "in pg_authid.rolname" SET app.setting = 'pg_db_role_setting.setconfig';
CREATE DATABASE "pg_database.datname";
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE "in pg_tablespace.spcname" LOCATION '';
CREATE ACCESS METHOD "pg_am.amname" TYPE TABLE HANDLER heap_tableam_handler;
CREATE LANGUAGE "pg_language.lanname" HANDLER plpgsql_call_handler;

CREATE TYPE level AS ENUM ('pg_enum.enumlabel');
CREATE DOMAIN "pg_type.typname" AS text DEFAULT 'pg_type.typdefault';
CREATE COLLATION "pg_collation.collname" FROM "C";
CREATE CONVERSION "pg_conversion.conname" FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
CREATE OPERATOR FAMILY "pg_opfamily.opfname" USING btree;
CREATE OPERATOR CLASS "pg_opclass.opcname" FOR TYPE int USING btree FAMILY "pg_opfamily.opfname" AS STORAGE int;
CREATE TEXT SEARCH CONFIGURATION "pg_ts_config.cfgname" (PARSER = default);
CREATE TEXT SEARCH DICTIONARY "pg_ts_dict.dictname" (TEMPLATE = simple);
CREATE TEXT SEARCH TEMPLATE "pg_ts_template.tmplname" (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH PARSER "pg_ts_parser.prsname" (
  START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);

CREATE FUNCTION "pg_proc.proname"("pg_proc.proargnames" text DEFAULT 'pg_proc.proargdefaults') RETURNS text LANGUAGE sql
  SET app.setting = 'pg_proc.proconfig' AS 'SELECT ''pg_proc.prosrc''';
CREATE FUNCTION in_standard_sql(e text) RETURNS boolean LANGUAGE sql RETURN e IN ('pg_proc.prosqlbody');
CREATE FUNCTION compiled() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text, INITCOND = 'pg_aggregate.agginitval',
  MSFUNC = textcat, MINVFUNC = textcat, MSTYPE = text, MINITCOND = 'pg_aggregate.aggminitval');

CREATE TABLE "pg_class.relname" (
  "pg_attribute.attname" text DEFAULT 'pg_attrdef.adbin' CONSTRAINT "pg_constraint.conname" CHECK ("pg_attribute.attname" <> 'pg_constraint.conbin'));
CREATE TABLE plain (a text, b text);
COMMENT ON TABLE plain IS 'pg_description.description';
INSERT INTO plain SELECT 'pg_statistic_ext_data', 'pg_statistic_ext_data.stxdmcv' FROM generate_series(1, 100);
ALTER TABLE plain ADD c text DEFAULT 'pg_attribute.attmissingval';
ALTER TABLE plain ALTER c DROP DEFAULT;
CREATE INDEX ON plain ((a || 'pg_index.indexprs')) WHERE b <> 'pg_index.indpred';
CREATE STATISTICS "pg_statistic_ext.stxname" (mcv) ON a, b FROM plain;
CREATE STATISTICS of_expression ON (a || '.stxdexpr') FROM plain;
CREATE STATISTICS of_another ON (a || 'pg_statistic_ext.stxexprs') FROM plain;
ANALYZE plain;
CREATE TABLE parts (a text) PARTITION BY LIST ((a || 'pg_partitioned_table.partexprs'));
CREATE TABLE part PARTITION OF parts FOR VALUES IN ('pg_class.relpartbound');
CREATE VIEW seen AS SELECT 'pg_rewrite.ev_action' AS x;
CREATE RULE "pg_rewrite.rulename" AS ON UPDATE TO plain WHERE NEW.a = 'pg_rewrite.ev_qual' DO INSTEAD NOTHING;
CREATE TRIGGER "pg_trigger.tgname" BEFORE INSERT ON plain FOR EACH ROW WHEN (NEW.a = 'pg_trigger.tgqual')
  EXECUTE FUNCTION fires('pg_trigger.tgargs');
CREATE TRIGGER of_many AFTER UPDATE ON plain REFERENCING OLD TABLE AS "pg_trigger.tgoldtable" NEW TABLE AS "pg_trigger.tgnewtable"
  FOR EACH STATEMENT EXECUTE FUNCTION fires();
CREATE POLICY "pg_policy.polname" ON plain USING (a = 'pg_policy.polqual') WITH CHECK (a = 'pg_policy.polwithcheck');

CREATE FOREIGN DATA WRAPPER "pg_foreign_data_wrapper.fdwname" OPTIONS (o 'pg_foreign_data_wrapper.fdwoptions');
CREATE SERVER "pg_foreign_server.srvname" TYPE 'pg_foreign_server.srvtype' VERSION 'pg_foreign_server.srvversion'
  FOREIGN DATA WRAPPER "pg_foreign_data_wrapper.fdwname" OPTIONS (o 'pg_foreign_server.srvoptions');
CREATE USER MAPPING FOR PUBLIC SERVER "pg_foreign_server.srvname" OPTIONS (o 'pg_user_mapping.umoptions');
CREATE FOREIGN TABLE foreign_one (a text OPTIONS (o 'pg_attribute.attfdwoptions')) SERVER "pg_foreign_server.srvname"
  OPTIONS (o 'pg_foreign_table.ftoptions');
CREATE PUBLICATION "pg_publication.pubname" FOR TABLE plain WHERE (a <> 'pg_publication_rel.prqual');
CREATE SUBSCRIPTION "pg_subscription.subname" CONNECTION 'dbname=pg_subscription.subconninfo'
  PUBLICATION "pg_subscription.subpublications" WITH (connect = false);
CREATE EVENT TRIGGER "pg_event_trigger.evtname" ON ddl_command_end EXECUTE FUNCTION on_event();
`;

/** What no statement takes such a text for. */
const writes: [column: string, value: string, where: string][] = [
  ['pg_attribute.attoptions', "ARRAY['o=' || $1]", "attname = 'a' AND attrelid = 'app.plain'::regclass"],
  ['pg_class.reloptions', "ARRAY['o=' || $1]", "relname = 'seen'"],
  ['pg_collation.collcollate', '$1', "collname = 'pg_collation.collname'"],
  ['pg_collation.collctype', '$1', "collname = 'pg_collation.collname'"],
  ['pg_collation.colliculocale', '$1', "collname = 'pg_collation.collname'"],
  ['pg_collation.colllocale', '$1', "collname = 'pg_collation.collname'"],
  ['pg_collation.collicurules', '$1', "collname = 'pg_collation.collname'"],
  ['pg_database.datcollate', '$1', "datname = 'pg_database.datname'"],
  ['pg_database.datctype', '$1', "datname = 'pg_database.datname'"],
  ['pg_database.daticulocale', '$1', "datname = 'pg_database.datname'"],
  ['pg_database.datlocale', '$1', "datname = 'pg_database.datname'"],
  ['pg_database.daticurules', '$1', "datname = 'pg_database.datname'"],
  ['pg_extension.extname', '$1', 'true'],
  ['pg_extension.extcondition', 'ARRAY[$1]', 'true'],
  ['pg_proc.probin', '$1', "proname = 'compiled'"],
  ['pg_subscription.subslotname', '$1', 'true'],
  ['pg_subscription.subsynccommit', '$1', 'true'],
  ['pg_subscription.suborigin', '$1', 'true'],
  ['pg_tablespace.spcoptions', 'ARRAY[$1]', "spcname = 'in pg_tablespace.spcname'"],
  ['pg_ts_dict.dictinitoption', '$1', "dictname = 'pg_ts_dict.dictname'"],
  ...[1, 2, 3, 4, 5].map((slot): [string, string, string] => [
    `pg_statistic.stavalues${slot}`,
    `array_in(('{' || $1 || '}')::cstring, 25, -1)`,
    "starelid = 'app.plain'::regclass",
  ]),
];

/** Columns that nobody's text gets into. */
const others: Record<string, string> = {
  'pg_authid.rolpassword': 'of a new server, which has one password of its own',
  'pg_collation.collversion': 'a version of a library',
  'pg_database.datcollversion': 'a version of a library',
  'pg_event_trigger.evtevent': 'one of a few words',
  'pg_event_trigger.evttags': 'one of a few words',
  'pg_extension.extversion': 'a version',
  'pg_largeobject.data': 'searched like rows',
  'pg_operator.oprname': 'made of signs',
  'pg_parameter_acl.parname': 'of a new server, on which no settings are granted',
  'pg_replication_origin.roname': 'of a new server, which replicates nothing',
  'pg_seclabel.provider': 'a module that the server loads',
  'pg_shseclabel.provider': 'a module that the server loads',
  'pg_statistic_ext_data.stxddependencies': 'numbers',
  'pg_statistic_ext_data.stxdndistinct': 'numbers',
  'pg_type.typdefaultbin': 'said by typdefault',
};

interface Text {
  place: string;
  text: string;
}

/** Of types that hold no text. */
const numeric = `oid int2 int4 int8 float4 bool char regproc xid pg_lsn timestamptz int2vector oidvector _oid _int2 _float4 _char _aclitem`;

for (const major of majors) {
  describe(`the catalog of Postgres ${major}`, () => {
    let server: TestPostgres;
    let client: pg.Client;
    let texts: Text[];

    before(async () => {
      server = await startPostgres({ image: await imageOf(major) });
      await server.createDatabase('planted', planted);
      client = await server.connect('planted');
      const columns = await columnsOf(client);
      await client.query('SET allow_system_table_mods = on');
      for (const [column, value, where] of writes) {
        const [catalog, name] = column.split('.') as [string, string];
        if (columns.includes(column))
          await client.query(
            `UPDATE ${catalog} SET ${name} = ${value.replace('$1', `'${column}'::text`)} WHERE ${where}`,
          );
      }
      await client.query(`INSERT INTO pg_seclabel VALUES ('app.plain'::regclass, 'pg_class'::regclass, 0, 'none', 'pg_seclabel.label');
        INSERT INTO pg_shseclabel VALUES (10, 'pg_authid'::regclass, 'none', 'pg_shseclabel.label')`);
      texts = [
        ...(await catalogQuery<Text>(client, 'audit-texts')),
        ...(await catalogQuery<Text>(client, 'audit-names')),
      ];
    });

    after(async () => {
      await client?.end();
      await server?.remove();
    });

    test('is searched in every column that may hold text', async () => {
      const columns = await columnsOf(client);
      assert.ok(columns.length > 90, String(columns.length));
      const said = texts.map(({ text }) => text).join('\n');
      const missed = columns.filter((column) => others[column] === undefined && !said.includes(column));
      assert.deepEqual(missed, []);
    });

    test('says of a name what it is the name of, without the name', () => {
      const names = texts.filter(({ text }) =>
        /^(pg_class\.relname|in pg_authid\.rolname|in pg_namespace\.nspname)$/.test(text),
      );
      assert.deepEqual(names.map(({ place }) => place).sort(), [
        'app (name of a table)',
        'the database (name of a schema)',
        'the server (name of a role)',
      ]);
    });
  });
}

async function columnsOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
       AND t.typname <> ALL ($1) ORDER BY 1`,
    [numeric.split(' ')],
  );
  return rows.map(({ name }) => name);
}
