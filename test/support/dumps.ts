import { outputOf } from '../../services/engine/exec-output.ts';
import { docker } from './postgres.ts';

/** What every dump below is of: the shop, and one of everything that a dump writes in a way of its own. */
export const oddities = `
  CREATE SCHEMA "Odd ""Schema";
  CREATE TABLE "Odd ""Schema"."Tab.le 'x'" ("Col ""x"" \\y" text, "select" integer);
  INSERT INTO "Odd ""Schema"."Tab.le 'x'" VALUES (E'a\\tb\\nc\\\\.\\n\\\\.', 1), ('\\.', 2), (NULL, 3), ('', 4);
  CREATE TABLE shop.nothing ();
  INSERT INTO shop.nothing DEFAULT VALUES;
  CREATE TABLE shop.empty (name text);
  CREATE TABLE shop.shuffled (id integer, word text);
  INSERT INTO shop.shuffled SELECT n, (ARRAY['red', E'gr\\te\\\\en', 'blue', NULL, ''])[1 + n % 5] FROM generate_series(1, 200) n;
  CREATE TABLE shop.parted (id bigint GENERATED ALWAYS AS IDENTITY, at date, who text) PARTITION BY RANGE (at);
  CREATE TABLE shop.parted_rest (who text, at date, id bigint NOT NULL);
  ALTER TABLE shop.parted ATTACH PARTITION shop.parted_rest DEFAULT;
  INSERT INTO shop.parted (at, who) SELECT '2024-01-01'::date + n, 'somebody' || n || '@shop.example' FROM generate_series(1, 300) n;
  CREATE TABLE shop.parents (id integer, name text);
  CREATE TABLE shop.children (name text, toy text, id integer);
  ALTER TABLE shop.children INHERIT shop.parents;
  INSERT INTO shop.children VALUES ('Parental Name', 'a toy', 1);
  CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $f$
  BEGIN
    RAISE EXCEPTION 'a trigger ran;
COPY shop.x FROM stdin;
\\! id';
  END $f$;
  CREATE TRIGGER touch BEFORE INSERT ON shop.children FOR EACH ROW EXECUTE FUNCTION shop.touch();
  CREATE FUNCTION shop.atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
  CREATE MATERIALIZED VIEW shop.names AS SELECT who AS name, 1 / count(*) AS one FROM shop.parted GROUP BY who;
  CREATE MATERIALIZED VIEW shop.inverse AS SELECT 1 / count(*) AS one FROM shop.parted;
  CREATE SEQUENCE shop.invoices;
  SELECT setval('shop.invoices', 4711);
  CREATE SEQUENCE shop.unused START 5;
  CREATE ROLE "an auditor";
  GRANT SELECT ON shop.parted TO "an auditor";
  ALTER TABLE shop.parents ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON shop.parents TO "an auditor" USING (name = 'x');
  CREATE PUBLICATION everything FOR ALL TABLES;
  COMMENT ON TABLE shop.parents IS 'about somebody';
  SELECT lo_from_bytea(0, 'a large object');`;

const keep = { keep: 'says nothing about anybody' };
export const policyOfOddities = {
  "Odd \"Schema.Tab.le 'x'": { 'Col "x" \\y': { mask: 'token' }, select: keep },
  'shop.nothing': {},
  'shop.shuffled': { id: keep, word: { mask: 'shuffle' } },
  'shop.empty': { name: { mask: 'full_name' } },
  'shop.parted': { id: keep, at: keep, who: { mask: 'email' } },
  'shop.parents': { id: keep, name: { mask: 'full_name' } },
  'shop.children': { id: keep, name: { mask: 'full_name' }, toy: { mask: 'text' } },
};

/** What a program of Postgres's writes to its standard output in a container. */
export async function output(container: string, ...command: string[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of outputOf({ docker }, container, command)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** pg_dump of the database `shop`. */
export function pgDump(container: string, ...options: string[]): Promise<Buffer> {
  return output(container, 'pg_dump', '-U', 'postgres', ...options, 'shop');
}

/** pg_dump's folder, as a tar archive. */
export async function pgDumpFolder(container: string, ...options: string[]): Promise<Buffer> {
  const script = 'rm -rf /tmp/folder && pg_dump -U postgres -Fd -f /tmp/folder "$@" shop && tar -C /tmp -cf - folder';
  return output(container, 'sh', '-c', script, 'sh', ...options);
}
