import { messageOf, Problem } from '../errors.ts';

interface PostgresError extends Error {
  code?: string;
  severity?: string;
  table?: string;
  schema?: string;
  column?: string;
  constraint?: string;
}

/**
 * Classes of SQLSTATE whose messages name objects, settings and connections, never a value: 08 connection, 0A not
 * supported, 25 and 40 transactions, 28 login, 3D and 3F names, 42 syntax and access, 53 resources, 54 limits, 55 state,
 * 57 operator, 58 system. What a function raises (P0) may quote anything.
 */
const harmless = /^(08|0A|25|28|3D|3F|40|42|53|54|55|57|58)/;

/** Says what a server answered without the values of rows; detail and context, which quote them, are never passed on. */
export function withoutValues(error: unknown): string {
  const { code = '', severity, table, schema, column, constraint } = error as PostgresError;
  const fromServer = severity !== undefined;
  let message = messageOf(error).split('\n')[0]!;
  if (fromServer && /^2[23]/.test(code)) message = message.replace(/"[^"]*"/g, '"…"').replace(/'[^']*'/g, "'…'");
  else if (fromServer && !harmless.test(code)) message = 'the server reported an error whose text may hold values';
  const where = [schema, table, column].filter(Boolean).join('.');
  return [message, where && `at ${where}`, constraint && `constraint ${constraint}`, code && `(SQLSTATE ${code})`]
    .filter(Boolean)
    .join(' ');
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
  return new Problem('source-unreachable', `${server} cannot be reached: ${messageOf(error)}`, {
    where: server,
    remedy: 'Check host and port, that the server runs, and that greenroom’s host may connect to it (VPN, firewall).',
  });
}
