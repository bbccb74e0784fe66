import { outputOf } from '../../engine/exec-output.ts';
import { type Room, type Taken, timeIn } from './contents.ts';
import { dumpDamaged, dumpInvalid } from './errors.ts';
import { archivePath } from './room.ts';
import { readScript } from './script.ts';
import { copyOf } from './statements.ts';

/** From one byte of a file on, so many. */
const cut = `tail -c "+$(($2 + 1))" "$1" | head -c "$3"`;

/**
 * Reads a plain dump to its end, and notes where each table's rows are.
 * @throws Problem `dump-invalid`
 */
export async function readPlain({ host, container }: Room): Promise<Taken> {
  const { statements, rows, comments, complete } = await readScript(outputOf(host, container, ['cat', archivePath]));
  const said = (pattern: RegExp) => comments.map((comment) => pattern.exec(comment)?.[1]).find(Boolean);
  if (comments.includes('PostgreSQL database cluster dump'))
    throw dumpInvalid('it is of a whole cluster (pg_dumpall)', 'Make it with pg_dump of the one database.');
  if (!complete) throw dumpDamaged('its last line, “PostgreSQL database dump complete”, is missing');
  return {
    statements,
    tables: rows.map(({ copy, from, to }) => ({
      ...copyOf(copy),
      command: ['sh', '-c', cut, 'sh', archivePath, String(from), String(to - from)],
      sizeBytes: to - from,
    })),
    serverVersion: said(/^Dumped from database version (\d[\w.]*)/),
    pgDumpVersion: said(/^Dumped by pg_dump version (\d[\w.]*)/),
    createdAt: timeIn(said(/^Started on (.*)/)),
    locale: undefined,
  };
}
