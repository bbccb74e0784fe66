import type pg from 'pg';
import { Problem } from '../../errors.ts';
import { catalogQuery, type ServerFacts } from '../../sources/catalog.ts';
import { sourceCut, timeoutRemedies, withoutValues } from '../../sources/errors.ts';
import type { Relay } from '../../sources/relay.ts';
import { identifier, literal } from '../adopt.ts';
import { connectTarget, relayMount, runInTarget, scratch, type Target } from './target.ts';

const dump = `${scratch}/schema.dump`;
const list = `${scratch}/schema.list`;

/** They carry passwords, a way back into production, or text about people; none is needed to run the application. */
const leftOut = [
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
];

/** Creates the database with the source's encoding, and its locale where the image has it. */
export async function createDatabase(target: Target, name: string, source: ServerFacts): Promise<string[]> {
  const client = await connectTarget(target, 'postgres');
  const base = `CREATE DATABASE ${identifier(name)} TEMPLATE template0 ENCODING ${literal(source.encoding)}`;
  try {
    await client.query(`DROP DATABASE IF EXISTS ${identifier(name)}`).catch(() => {});
    await client.query(`${base} LC_COLLATE ${literal(source.collate)} LC_CTYPE ${literal(source.ctype)}`);
    return [];
  } catch {
    await client.query(`${base} LC_COLLATE 'C' LC_CTYPE 'C'`).catch((error) => {
      throw new Problem(
        'capture-failed',
        `The image cannot hold the source's encoding ${source.encoding}: ${withoutValues(error)}`,
      );
    });
    return [`The image has no locale ${source.collate}; text sorts by C instead`];
  } finally {
    await client.end();
  }
}

/**
 * Dumps the source's schema, on the exported snapshot, with the target's own pg_dump (an older one refuses a newer
 * server) through greenroom's connection, into memory; then restores what comes before the data.
 */
export async function copySchema(
  target: Target,
  relay: Relay,
  { exportedSnapshot, lockTimeoutMs, server }: { exportedSnapshot: string; lockTimeoutMs: number; server: string },
  database: string,
  signal: AbortSignal,
): Promise<void> {
  const dumped = await runInTarget(
    target,
    [
      ...['pg_dump', '-Fc', '--schema-only', `--snapshot=${exportedSnapshot}`, '--no-comments', '--no-security-labels'],
      // It sets lock_timeout to 0 itself.
      `--lock-wait-timeout=${lockTimeoutMs}`,
      ...['--no-publications', '--no-subscriptions', '--no-tablespaces', '-h', relayMount, '-f', dump],
    ],
    relay.environment,
    signal,
  );
  if (dumped.exitCode !== 0) {
    if (/terminating connection|server closed the connection|could not (receive|send) data/.test(dumped.stderr)) {
      throw sourceCut(new Error(firstError(dumped.stderr)), server);
    }
    // --lock-wait-timeout is a statement_timeout to the server.
    const waited = /statement timeout|lock timeout/.test(dumped.stderr);
    throw new Problem('source-refused', `pg_dump could not read the source's schema: ${firstError(dumped.stderr)}`, {
      remedy: waited
        ? timeoutRemedies['55P03']!
        : 'The login needs SELECT on every table, and the image’s Postgres must not be older than the source’s.',
    });
  }
  const listed = await runInTarget(target, ['sh', '-c', `pg_restore -l ${dump}`], {}, signal);
  const kept = listed.stdout
    .split('\n')
    .filter((line) => !leftOut.some((kind) => new RegExp(`^\\d+; \\d+ \\d+ ${kind} `).test(line)));
  await runInTarget(target, ['sh', '-c', `cat > ${list} <<'END_OF_LIST'\n${kept.join('\n')}\nEND_OF_LIST`], {}, signal);
  await restore(target, database, ['--section=pre-data'], signal);
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
    remedy: 'An extension or type that the image lacks has to be in the image of the project’s database service.',
  });
}

/** The first error without the statement and the detail after it, which may hold values. */
function firstError(stderr: string): string {
  const line = stderr.split('\n').find((candidate) => /error:|ERROR:|FATAL:/.test(candidate)) ?? 'no message';
  return line.replace(/Key \(.*/, '').slice(0, 300);
}

/** Sets every sequence where the source's was. */
export async function copySequences(source: pg.Client, target: pg.Client): Promise<void> {
  for (const { name } of await catalogQuery<{ name: string }>(source, 'sequences')) {
    const { rows } = await source.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${name}`,
    );
    await target.query('SELECT setval($1::regclass, $2, $3)', [name, rows[0]!.last_value, rows[0]!.is_called]);
  }
}

/** Materialized views that hold rows in the source; one that was never filled stays empty. */
export async function populatedViews(source: pg.Client): Promise<string[]> {
  const { rows } = await source.query<{ name: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid`,
  );
  return rows.map(({ name }) => name);
}

/** Computes materialized views from the masked rows; one may need another, so it goes on while any succeeds. */
export async function refreshViews(target: pg.Client, views: string[]): Promise<void> {
  let waiting = views;
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
