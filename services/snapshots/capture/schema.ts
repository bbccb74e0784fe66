import type pg from 'pg';
import { Problem } from '../../errors.ts';
import { identifier } from '../../quoting.ts';
import type { ServerFacts } from '../../sources/catalog.ts';
import { firstError, otherServer, sourceCut, tableOfFailed, withoutValues } from '../../sources/errors.ts';
import { lockProblem } from '../../sources/locked.ts';
import type { Relay } from '../../sources/relay.ts';
import { changedMeanwhile } from './copy-session.ts';
import { prepareExtensions } from './extensions.ts';
import { dumpOptions, type LeftOut } from './left-out.ts';
import { relayMount, runInTarget, scratch, type Target } from './target.ts';

const dump = `${scratch}/schema.dump`;
const list = `${scratch}/schema.list`;

/** They carry passwords, a way back into production, or text about people; none is needed to run the application. */
const leftOutKinds = [
  'COMMENT',
  'SECURITY LABEL',
  'SERVER',
  'USER MAPPING',
  'FOREIGN TABLE',
  'FOREIGN DATA WRAPPER',
  'SUBSCRIPTION',
  'SUBSCRIPTION TABLE',
  'PUBLICATION',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'EVENT TRIGGER',
  'ACL - FOREIGN SERVER',
  'ACL - FOREIGN DATA WRAPPER',
];
/** Of a dump's list, an object a line: `4711; 1259 16384 TABLE app customers owner`. For grep -E. */
const leftOutLine = `^[0-9]+; [0-9]+ [0-9]+ (${leftOutKinds.join('|')}) `;
/**
 * Runs a pg_dump, and then lists what is to be restored of what it wrote. Not in a pipe, which would hide a failure; by bytes,
 * for names are in the source's encoding.
 */
const dumpAndList = `"$@" && pg_restore -l ${dump} > ${list}.all && LC_ALL=C grep -vE '${leftOutLine}' ${list}.all > ${list}`;

interface Dump {
  /** The session that exported the snapshot. */
  source: pg.Client;
  exportedSnapshot: string;
  lockTimeoutMs: number;
  server: string;
  facts: Pick<ServerFacts, 'extensions' | 'notices_loss'>;
  leftOut: LeftOut;
}

/**
 * Dumps the source's schema, on the exported snapshot, with the target's own pg_dump (an older one refuses a newer
 * server) through greenroom's connection, into memory. The target's own server need not run yet.
 */
export async function dumpSchema(
  target: Target,
  relay: Relay,
  { source, exportedSnapshot, lockTimeoutMs, server, facts, leftOut }: Dump,
  signal: AbortSignal,
): Promise<void> {
  const dumped = await runInTarget(
    target,
    [
      ...['sh', '-c', dumpAndList, 'sh', 'pg_dump', '-Fc', '--schema-only', `--snapshot=${exportedSnapshot}`],
      // It sets lock_timeout to 0 itself.
      ...[`--lock-wait-timeout=${lockTimeoutMs}`, '--no-comments', '--no-security-labels'],
      ...['--no-publications', '--no-subscriptions', '--no-tablespaces', '-h', relayMount, '-f', dump],
      ...dumpOptions(leftOut),
    ],
    facts.notices_loss ? withOption(relay.environment, 'client_connection_check_interval=1000') : relay.environment,
    signal,
  );
  if (dumped.exitCode === 0) return;
  throw waitedInVain.test(dumped.stderr)
    ? await lockProblem(source, `${unread}: ${firstError(dumped.stderr)}`, server)
    : dumpProblem(dumped.stderr, server);
}

/** Restores what comes before the data of what was dumped. */
export async function restoreSchema(
  target: Target,
  { facts, leftOut }: Pick<Dump, 'facts' | 'leftOut'>,
  database: string,
  signal: AbortSignal,
): Promise<void> {
  await prepareExtensions(target, database, facts.extensions, leftOut);
  await restore(target, database, ['--section=pre-data'], signal);
}

/** --lock-wait-timeout is a statement_timeout to the server. */
const waitedInVain = /statement timeout|lock timeout/;
const unread = 'pg_dump could not read the source’s schema';

/** @param stderr of a pg_dump that has failed, not by a lock. */
export function dumpProblem(stderr: string, server: string): Problem {
  const said = firstError(stderr);
  if (
    /terminating connection|conflict with recovery|server closed the connection|could not (receive|send) data/.test(
      stderr,
    )
  )
    return sourceCut(new Error(said), server);
  if (/invalid snapshot identifier|snapshot ".*" does not exist/.test(stderr)) return otherServer(new Error(said));
  const [, ofSource, ofImage] = /server version: (\d+).*; pg_dump version: (\d+)/.exec(stderr) ?? [];
  if (ofSource !== undefined) {
    return new Problem('source-refused', `The source is Postgres ${ofSource}, the image has Postgres ${ofImage}`, {
      where: server,
      remedy: 'Use an image of the source’s major version, or a newer one, for the project’s database service.',
    });
  }
  const changed = /does not exist|could not open relation/.test(stderr);
  return new Problem('source-refused', `${unread}: ${said}`, {
    where: server,
    remedy: changed ? changedMeanwhile : 'The login needs SELECT on every table.',
  });
}

function withOption(environment: Relay['environment'], setting: string): Relay['environment'] {
  return { ...environment, PGOPTIONS: `${environment.PGOPTIONS} -c ${setting}` };
}

/** Restores indexes, constraints, triggers and policies, in parallel. */
export async function copyConstraints(
  target: Target,
  database: string,
  jobs: number,
  signal: AbortSignal,
): Promise<void> {
  await restore(target, database, ['--section=post-data', '-j', String(jobs)], signal);
}

async function restore(target: Target, database: string, options: string[], signal: AbortSignal): Promise<void> {
  const command = [
    'pg_restore',
    ...options,
    '-L',
    list,
    '--exit-on-error',
    '-U',
    target.spec.superuser,
    '-d',
    database,
    dump,
  ];
  const { exitCode, stderr } = await runInTarget(target, command, {}, signal);
  if (exitCode === 0) return;
  throw new Problem('capture-failed', `The schema could not be restored: ${firstError(stderr)}`, {
    where: tableOfFailed(stderr) ?? database,
    remedy: remedyOf(stderr),
  });
}

function remedyOf(stderr: string): string {
  const forbidden =
    'A mask gives what the constraint forbids: choose another in the policy for the columns it is on, or keep them.';
  if (/violates foreign key/.test(stderr))
    return `${forbidden} Equal values that are written differently may be masked differently: the policy’s check warns of columns where there can be such.`;
  if (/violates|could not create unique index|could not create exclusion/.test(stderr)) return forbidden;
  return 'What the image lacks, such as a type or a locale, has to be in the image of the project’s database service.';
}

/** Materialized views that hold rows in the source; one that was never filled stays empty. */
export async function populatedViews(source: pg.Client): Promise<{ schema: string; name: string }[]> {
  const { rows } = await source.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid`,
  );
  return rows;
}

/** Computes materialized views from the masked rows; one may need another, so it goes on while any succeeds. */
export async function refreshViews(target: pg.Client, views: { schema: string; name: string }[]): Promise<void> {
  let waiting = views.map(({ schema, name }) => `${identifier(schema)}.${identifier(name)}`);
  while (waiting.length > 0) {
    let failure: unknown;
    const left: string[] = [];
    for (const name of waiting) {
      await target.query(`REFRESH MATERIALIZED VIEW ${name}`).catch((error) => {
        failure = error;
        left.push(name);
      });
    }
    if (left.length === waiting.length) {
      throw new Problem(
        'capture-failed',
        `The materialized view ${left[0]} cannot be computed from masked rows: ${withoutValues(failure)}`,
        {
          where: left[0]!,
          remedy: 'Choose masks for the columns it reads that its expressions can work with.',
        },
      );
    }
    waiting = left;
  }
}
