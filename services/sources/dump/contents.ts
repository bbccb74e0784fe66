import type { Host } from '../../engine/host.ts';
import type { CopyOf, Statement } from './statements.ts';

/** Where a dump lies. */
export interface Room {
  host: Pick<Host, 'docker'>;
  container: string;
}

/** How the rows of one table are had, from within the room. Structured-clonable: worker threads read them. */
export interface TableRows extends CopyOf {
  command: string[];
  /** Comes before them in what the command writes; undefined: nothing does. */
  after?: string;
  /** 0: not known. */
  sizeBytes: number;
}

/** What is in a dump, whatever its format. */
export interface Contents {
  /** Definitions, and calls that set sequences. */
  statements: Statement[];
  tables: TableRows[];
  /** `17.5`, as its header says. */
  serverVersion: string | undefined;
  pgDumpVersion: string | undefined;
  /** By the clock of the machine that made it, taken for UTC: its zone is nowhere in it. */
  createdAt: Date | undefined;
  /** What the database was created with; undefined where the dump does not say. */
  locale: { encoding: string; collate: string; ctype: string } | undefined;
}

/** What is in a dump before its statements are looked at. */
export type Taken = Omit<Contents, 'statements'> & { statements: string[] };

/** A time as pg_dump writes it; the zone after it is of the machine that reads it. */
export function timeIn(text = ''): Date | undefined {
  const [, date, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(text) ?? [];
  return date ? new Date(`${date}T${time}Z`) : undefined;
}
