import { CommandFailed, outputOf } from '../../engine/exec-output.ts';
import { firstError } from '../errors.ts';
import { type Room, type Taken, timeIn } from './contents.ts';
import { captureInstead, dumpDamaged, dumpInvalid } from './errors.ts';
import type { DumpFormat } from './format.ts';
import { archivePath } from './room.ts';
import { maxTables, readScript, tooMany } from './script.ts';
import { copyOf } from './statements.ts';

/** What pg_restore gives of the entries that are named on standard input. */
const entries = `pg_restore -f - -L /dev/stdin ${archivePath}`;
const rowsOfEntry = `printf '%s;\\n' "$1" | ${entries}`;

/** The COPY of each entry, after a NUL and its number; pg_restore ends when nobody reads on. */
const copies = `for entry in "$@"; do
  printf '\\0%s\\n' "$entry"
  printf '%s;\\n' "$entry" | ${entries} 2>/dev/null | sed -n '/^COPY /,/ FROM stdin;$/p; / FROM stdin;$/q'
done`;
const creation = `pg_restore --create --schema-only -f - ${archivePath} 2>/dev/null | sed '/^\\\\connect /q'`;
/** A line of some 80 bytes for each object. */
const maxTextBytes = 64 << 20;
/** An engine takes some kB of arguments. */
const entriesAtOnce = 500;

/**
 * Reads what is in a dump of custom or directory format.
 * @throws Problem `dump-invalid`
 */
export async function readArchive(room: Room, format: DumpFormat): Promise<Taken> {
  const toc = await textOf(room, ['pg_restore', '--list', archivePath]);
  const said = (name: string) => new RegExp(`^;\\s+${name}: (.*)$`, 'm').exec(toc)?.[1];
  const found = [
    ...toc.matchAll(/^(\d+); \d+ \d+ (TABLE DATA|SEQUENCE SET|MATERIALIZED VIEW DATA|BLOB METADATA|BLOBS?) /gm),
  ];
  const entriesOf = (...kinds: string[]) => found.filter(([, , kind]) => kinds.includes(kind!)).map(([, id]) => id!);
  const { statements } = await readScript(
    explained(outputOf(room.host, room.container, ['pg_restore', '--schema-only', '-f', '-', archivePath])),
  );
  const others = entriesOf('SEQUENCE SET', 'MATERIALIZED VIEW DATA', 'BLOB METADATA');
  if (others.length > 0) {
    const command = ['sh', '-c', `printf '%s;\\n' "$@" | ${entries}`, 'sh', ...others];
    const more = await readScript(explained(outputOf(room.host, room.container, command)));
    for (const statement of more.statements) statements.push(statement);
  }
  // Nobody takes them, but the file has to be whole. In a folder they are files of their own.
  const blobs = format === 'custom' ? entriesOf('BLOB', 'BLOBS') : [];
  if (blobs.length > 0)
    await textOf(room, ['sh', '-c', `printf '%s;\\n' "$@" | ${entries} >/dev/null`, 'sh', ...blobs]);
  return {
    statements,
    tables: await tablesOf(room, entriesOf('TABLE DATA')),
    serverVersion: said('Dumped from database version')?.split(' ')[0],
    pgDumpVersion: said('Dumped by pg_dump version')?.split(' ')[0],
    createdAt: timeIn(/^; Archive created at (.*)$/m.exec(toc)?.[1]),
    locale: localeOf(await textOf(room, ['sh', '-c', creation])),
  };
}

async function tablesOf(room: Room, ids: string[]): Promise<Taken['tables']> {
  const tables: Taken['tables'] = [];
  if (ids.length > maxTables) throw tooMany(`the rows of more than ${maxTables} tables`);
  for (let at = 0; at < ids.length; at += entriesAtOnce) {
    const text = await textOf(room, ['sh', '-c', copies, 'sh', ...ids.slice(at, at + entriesAtOnce)]);
    for (const part of text.split('\0').slice(1)) {
      const [id = '', ...lines] = part.split('\n');
      const copy = lines.join('\n').trim();
      if (copy === '') throw await whyWithout(room, id);
      tables.push({
        ...copyOf(copy),
        command: ['sh', '-c', rowsOfEntry, 'sh', id],
        after: `\n${copy}\n`,
        sizeBytes: 0,
      });
    }
  }
  return tables;
}

/** An entry without COPY: its rows are INSERTs, or it cannot be read. */
async function whyWithout(room: Room, id: string): Promise<Error> {
  const text = await textOf(room, ['sh', '-c', `(${rowsOfEntry}) | head -c 65536`, 'sh', id]).catch(() => '');
  if (/^INSERT INTO /m.test(text))
    return dumpInvalid('its rows are INSERTs', 'Make it without --inserts and --column-inserts.');
  return dumpDamaged('the rows of a table cannot be read', `entry ${id} of pg_restore --list`);
}

async function textOf({ host, container }: Room, command: string[]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of explained(outputOf(host, container, command))) {
    bytes += chunk.length;
    if (bytes > maxTextBytes)
      throw dumpInvalid(`its table of contents has more than ${maxTextBytes >> 20} MB`, captureInstead);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Says what pg_restore's failure means. */
export async function* explained(output: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  try {
    yield* output;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const why = firstError(error.stderr);
    if (/unsupported version/.test(why)) {
      throw dumpInvalid(
        `it was made by a newer pg_dump than the image's pg_restore can read (${why})`,
        'Make it with the pg_dump of the version that the project’s database service runs; or raise that image.',
      );
    }
    throw dumpDamaged(`pg_restore cannot read it: ${why}`);
  }
}

function localeOf(text: string): Taken['locale'] {
  const create = /^CREATE DATABASE .*;$/m.exec(text)?.[0] ?? '';
  const said = (name: string) => new RegExp(` ${name} = '((?:[^']|'')*)'`).exec(create)?.[1]?.replaceAll("''", "'");
  const encoding = said('ENCODING');
  const collate = said('LC_COLLATE') ?? said('LOCALE');
  const ctype = said('LC_CTYPE') ?? said('LOCALE');
  return encoding !== undefined && collate !== undefined && ctype !== undefined
    ? { encoding, collate, ctype }
    : undefined;
}
