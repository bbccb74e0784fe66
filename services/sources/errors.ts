import { messageOf, Problem } from '../errors.ts';

interface PostgresError extends Error {
  code?: string;
  severity?: string;
  table?: string;
  schema?: string;
  column?: string;
  constraint?: string;
  /** Of Postgres's own code, where the error was made. */
  file?: string;
  /** `COPY t, line 3, column email: "…"`: the context. */
  where?: string;
}

/**
 * Classes of SQLSTATE whose messages name objects, settings and connections, never a value: 08 connection, 0A not
 * supported, 25 and 40 transactions, 28 login, 3D and 3F names, 42 syntax and access, 53 resources, 54 limits, 55 state,
 * 57 operator, 58 system, XX001 and XX002 damaged files. What a function raises may quote anything, under any of them.
 */
const harmless = /^(08|0A|25|28|3D|3F|40|42|53|54|55|57|58|XX00[12])/;
/** 22 data exceptions, 23 constraints: what a message says before it quotes is known, what follows may be a value. */
const quoting = /^2[23]/;
/** Of procedural languages: pl_exec.c, plpy_elog.c, plperl.c, pltcl.c. */
const raised = /^pl/;
/** Where a message begins to quote: a quotation mark of whatever language the server speaks, a colon, a byte. */
const quote = /\s*(["'`«»‹›‘’‚“”„「」『』]|[:：]\s|0x).*/s;
/** JavaScript quotes what it could not read: `"Ann Quellmann" is not valid JSON`. */
const ofProgram = /^(Syntax|Type|Range|Reference|URI)Error$/;

/**
 * Says what a server answered, or how greenroom's own code failed, without the values of rows; detail, hint and context, which
 * quote them, are never passed on. Every message that may come from a server goes through here before anybody sees it.
 */
export function withoutValues(error: unknown): string {
  const { severity, code = '', table, schema, column, constraint } = error as PostgresError;
  if (severity === undefined) return ofGreenroom(error);
  const where = [schema, table, column].filter(Boolean).join('.');
  return [
    saidBy(error as PostgresError),
    where && `at ${where}`,
    constraint && `constraint ${constraint}`,
    `(SQLSTATE ${code})`,
  ]
    .filter(Boolean)
    .join(' ');
}

function saidBy({ message, code = '', file = '', where = '' }: PostgresError): string {
  // A type's input function reports what it cannot read in a row as bad syntax, too (42601: tsquery, hstore, jsonpath).
  if (quoting.test(code) || (harmless.test(code) && where.startsWith('COPY '))) {
    if (!raised.test(file)) return message.replace(quote, ' …');
  } else if (harmless.test(code) && !raised.test(file)) return message.split('\n')[0]!;
  return 'the server reported an error whose text may hold values';
}

function ofGreenroom(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(withoutValues).join('; ');
  if (!(error instanceof Error) || !ofProgram.test(error.name)) return messageOf(error).split('\n')[0]!;
  const place = /\/([\w.-]+\.ts:\d+):\d+\)?$/m.exec(error.stack ?? '')?.[1];
  return `greenroom's own code failed with a ${error.name}${place === undefined ? '' : ` at ${place}`}`;
}

/**
 * The first error that a program of Postgres's wrote, without the statement, the detail and the values after it. Programs
 * do not write the SQLSTATE: what stands in quotation marks after a colon, or after the word value, is none of an object's names.
 */
export function firstError(stderr: string): string {
  const line = stderr.split('\n').find((candidate) => /error:|ERROR:|FATAL:/.test(candidate)) ?? 'no message';
  return line
    .replace(/Key \(.*/, '')
    .replace(/(:\s*|\bvalue )["'«»‘“„].*/, '$1…')
    .slice(0, 300);
}

/** The table of the index or constraint that pg_restore could not make, as its statement has it: `shop."Old orders"`. */
export function tableOfFailed(stderr: string): string | undefined {
  const name = String.raw`(?:"[^"]*(?:""[^"]*)*"|[\w$]+)`;
  const made = `ALTER TABLE (?:ONLY )?|CREATE (?:UNIQUE )?INDEX ${name} ON (?:ONLY )?`;
  return new RegExp(`Command was: (?:${made})(${name}\\.${name})`, 'u').exec(stderr)?.[1];
}

/**
 * Whether an error is the end of a connection or of its transaction: told by the server (57P…, 08…; 40…, a replica's
 * conflict with recovery), or not by a server at all.
 */
export function isCut(error: unknown): boolean {
  const { code = '', severity } = error as PostgresError;
  return severity === undefined || /^(08|57P|40)/.test(code);
}

/** The source's end of a session broke off in the middle of reading it. */
export function sourceCut(error: unknown, server: string): Problem {
  return new Problem(
    'source-unreachable',
    `${server} broke off greenroom's session in the middle: ${withoutValues(error)}`,
    {
      where: server,
      remedy:
        'Ask again. If it happens again, the source’s log says why it ended the session at that moment: a restart or failover, pg_terminate_backend, a time-out, a proxy or firewall that cuts long connections, or, of a replica, a conflict with recovery (hot_standby_feedback = on avoids most).',
    },
  );
}

/** A session found that its server does not know the snapshot that was exported for it. */
export function otherServer(error: unknown): Problem {
  return new Problem(
    'source-refused',
    `A session reached another server than the one that its snapshot is of: ${withoutValues(error)}`,
    {
      remedy:
        'Every connection has to reach the same server: give the address of one, not that of a load balancer or of a reader endpoint that stands for several.',
    },
  );
}

/** By SQLSTATE: a time-out of the source's limits, or of the login's own. */
export const timeoutRemedies: Record<string, string | undefined> = {
  '55P03': 'Somebody holds a lock on a table: ask again later, or raise the source’s limits.lockTimeoutMs.',
  57014:
    'Raise the source’s limits.statementTimeoutMs, or the login’s statement_timeout: reading a large table takes long.',
};

/** What a source answered, as a problem a person can act on. Never holds the password: `server` is host:port. */
export function sourceProblem(error: unknown, server: string): Problem {
  if (error instanceof Problem) return error;
  const { code = '' } = error as PostgresError;
  const refused = (detail: string, remedy: string) => new Problem('source-refused', detail, { where: server, remedy });
  if (code.startsWith('28'))
    return refused(
      `${server} does not let this login in: ${withoutValues(error)}`,
      'Check user, password and pg_hba.conf.',
    );
  if (code === '3D000')
    return refused(`${server} has no such database: ${withoutValues(error)}`, 'Check the database in the URL.');
  if (code === '42501') {
    return refused(
      `The login may not read everything: ${withoutValues(error)}`,
      'Grant it pg_read_all_data, and BYPASSRLS where tables have row security.',
    );
  }
  if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) {
    return refused(
      `${server} refused: ${withoutValues(error)}`,
      timeoutRemedies[code] ?? 'The message names the reason.',
    );
  }
  return new Problem('source-unreachable', `${server} cannot be reached: ${withoutValues(error)}`, {
    where: server,
    remedy: 'Check host and port, that the server runs, and that greenroom’s host may connect to it (VPN, firewall).',
  });
}
