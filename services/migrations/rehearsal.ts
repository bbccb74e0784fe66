import { removeClone } from '../clones/clone.ts';
import { definitionHash } from '../compose/hash.ts';
import { query, queryOne } from '../database/queries.ts';
import { changesBetween, fingerprintOfSchema, readSchema } from '../database/schema.ts';
import { DiskFull, saysDiskIsFull } from '../engine/disk.ts';
import { imageIdsOf } from '../engine/images.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import type { OperationContext, OperationKind } from '../operations/kind.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { databaseService, migratorService } from '../stacks/database-service.ts';
import { redactor } from '../stacks/redact.ts';
import { openPlan } from '../stacks/stack.ts';
import { appliedMigrations, downOne, up, upOne } from './migrator.ts';
import { type Observed, readObserved } from './observed.ts';
import { onRehearsalClones, type RehearsalClone } from './rehearsal-clone.ts';
import type { RehearsalReport, RehearsedMigration, RehearsedUp } from './report.ts';
import { type MigratorRun, runMigrator } from './run-migrator.ts';
import { clonesOf, getRunRow } from './runs.ts';

export interface RehearsalInput {
  run: string;
  timeoutMs: number;
}

/** More pending migrations than this are not stepped through. */
const maxSteps = 300;

/**
 * Rehearses a release's migrations on throwaway clones of a snapshot: the exact command on one, for the verdict, and one
 * migration at a time on a second, to attribute and to learn what can be undone. Both are gone afterwards.
 */
export function rehearse(greenroom: Greenroom): OperationKind<RehearsalInput> {
  return {
    async run({ run: id, timeoutMs }, context) {
      const row = await getRunRow(greenroom.pool, id);
      const host = hostOf(greenroom, row.host);
      const plan = openPlan(greenroom.sealer, row);
      const snapshot = await getSnapshotRow(greenroom.pool, row.snapshot!);
      const { database, migrations } = plan.greenroom;
      const services = [databaseService(plan)!, migratorService(plan)!];
      const images = await context.step('images', () => {
        context.progress('making sure of the images');
        return imageIdsOf(host, services, context.log);
      });
      const of = { volume: snapshot.volume, facts: snapshot.report!.target };
      const rehearsal: Rehearsal = {
        context,
        schema: database!.schema,
        command: migrations!.command,
        timeoutMs,
        redact: redactor(plan),
      };
      const spec = { host, plan, of, images, signal: context.signal };
      const [first, second] = clonesOf(id);
      const [whole, steps] = await onRehearsalClones(greenroom, spec, [first, second], async (clones) => {
        const whole = await context.step('up', async () => {
          // Both start at once; while this one is timed nothing else runs.
          const [clone] = await Promise.all([clones.start(first, true), clones.start(second)]);
          return rehearseUp(rehearsal, clone).then(withoutFullDisk);
        });
        clones.drop(first);
        const steps = await context.step('one by one', async () =>
          rehearseSteps(rehearsal, await clones.start(second)).then(withoutFullDisk),
        );
        return [whole, steps];
      });
      const reasons = reasonsAgainst(whole, steps);
      const report: RehearsalReport = {
        ...{ passed: reasons.length === 0, reasons, images, up: whole, migrations: steps },
        definitions: Object.fromEntries(services.map((service) => [service.name, definitionHash(service)])),
      };
      await query(greenroom.pool, 'finish-migration-run', [id, report.passed ? 'passed' : 'failed', report, null]);
      context.log(report.passed ? 'passed' : `failed: ${reasons.join('; ')}`);
      return { run: id, passed: report.passed, reasons };
    },
    async undo({ run: id }, _context, error) {
      const row = await queryOne<{ host: string }>(greenroom.pool, 'get-migration-run', [id]);
      if (!row) return;
      for (const name of clonesOf(id)) await removeClone(greenroom, hostOf(greenroom, row.host), name);
      await query(greenroom.pool, 'finish-migration-run', [id, 'error', null, error]);
    },
  };
}

interface Rehearsal {
  context: OperationContext;
  schema: string;
  command: string[];
  timeoutMs: number;
  redact(text: string): string;
}

async function rehearseUp(rehearsal: Rehearsal, clone: RehearsalClone): Promise<RehearsedUp> {
  const { context, schema, command, timeoutMs } = rehearsal;
  const { client } = clone;
  const before = await appliedMigrations(client, schema);
  const schemaBefore = await readSchema(client);
  const names = await tableNames(client);
  context.progress(`running ${[...command, ...up].join(' ')} on a clone`);
  const run = await runMigrator(clone, [...command, ...up], timeoutMs, context.signal);
  const observed = readObserved(await clone.readLog(), names);
  const after = await appliedMigrations(client, schema);
  const schemaAfter = await readSchema(client);
  return {
    ...resultOf(rehearsal, run, observed),
    command: [...command, ...up],
    connected: observed.connections > 0,
    applied: after.filter((version) => !before.includes(version)),
    fingerprint: { before: fingerprintOfSchema(schemaBefore), after: fingerprintOfSchema(schemaAfter) },
    statements: observed.statements,
    locks: observed.locks,
    rewrites: observed.rewrites,
  };
}

async function rehearseSteps(rehearsal: Rehearsal, clone: RehearsalClone): Promise<RehearsedMigration[]> {
  const { context, schema, command, timeoutMs } = rehearsal;
  const { client } = clone;
  const run = (args: string[]) => runMigrator(clone, [...command, ...args], timeoutMs, context.signal);
  const migrations: RehearsedMigration[] = [];
  let before = await appliedMigrations(client, schema);
  let schemaBefore = await readSchema(client);
  while (migrations.length < maxSteps) {
    const upRun = await run(upOne);
    if (upRun.outcome !== 'completed') {
      migrations.push({ ...resultOf(rehearsal, upRun), changes: [], reversible: 'unknown' });
      break;
    }
    const applied = await appliedMigrations(client, schema);
    const migration = applied.find((version) => !before.includes(version));
    if (!migration) break;
    context.progress(`${migration}: up, down, up`, migrations.length);
    const schemaAfter = await readSchema(client);
    const changes = changesBetween(schemaBefore, schemaAfter);
    const rehearsed = { migration, ...resultOf(rehearsal, upRun), changes };
    const downRun = await run(downOne);
    if (downRun.outcome !== 'completed') {
      const { error } = resultOf(rehearsal, downRun);
      migrations.push({ ...rehearsed, reversible: 'no', ...(error ? { whyNot: error } : {}) });
      before = await appliedMigrations(client, schema);
      // Half undone, nothing can be learnt of the next one.
      if (!before.includes(migration)) break;
      schemaBefore = await readSchema(client);
      continue;
    }
    const left = changesBetween(schemaBefore, await readSchema(client));
    const again = await run(upOne);
    schemaBefore = await readSchema(client);
    before = await appliedMigrations(client, schema);
    const different = changesBetween(schemaAfter, schemaBefore);
    migrations.push({
      ...rehearsed,
      reversible: left.length + different.length === 0 && again.outcome === 'completed' ? 'yes' : 'differs',
      ...(left.length > 0 ? { leftByDown: left } : {}),
    });
    if (again.outcome !== 'completed') break;
  }
  return migrations;
}

/** A migration that fails for want of space fails because of this engine, not because of the release. */
function withoutFullDisk<T>(learnt: T): T {
  if (!saysDiskIsFull(JSON.stringify(learnt))) return learnt;
  throw new DiskFull('The disk of the Docker engine is full; the migrations could not be run to their end');
}

/** How a run ended and, when it failed, the reason: what Postgres said first, else the migrator's last lines. */
function resultOf(rehearsal: Rehearsal, run: MigratorRun, observed?: Observed) {
  const { outcome, exitCode, durationMs } = run;
  // A migrator that gives up drops its connections: what came before that says why.
  const first = observed?.errors.find(({ code }) => !code?.startsWith('08')) ?? observed?.errors[0];
  const lines = rehearsal.redact(run.output).trim().split('\n').slice(-5).join('\n');
  return {
    outcome,
    ...(exitCode === undefined ? {} : { exitCode }),
    durationMs,
    ...(outcome === 'completed'
      ? {}
      : { error: rehearsal.redact(first?.message ?? run.waiting ?? lines), output: lines }),
    ...(first?.sql && outcome !== 'completed' ? { failedStatement: first.sql } : {}),
  };
}

function reasonsAgainst(whole: RehearsedUp, steps: RehearsedMigration[]): string[] {
  const reasons: string[] = [];
  const command = whole.command.join(' ');
  if (whole.outcome !== 'completed') {
    const oneByOne = steps.length > 0 && steps.every(({ outcome }) => outcome === 'completed');
    const hint = oneByOne ? ' (each migration passes by itself, but not all in one transaction)' : '';
    reasons.push(`${command} ${whole.outcome}: ${whole.error ?? 'no reason given'}${hint}`);
  }
  if (!whole.connected) {
    const exited = whole.exitCode === 0 ? 'exited 0 but ' : '';
    reasons.push(
      `${command} ${exited}never connected to the clone: it is pointed somewhere else, or connects to nothing`,
    );
  }
  return reasons;
}

/** Names by oid before the run: a dropped table's lock is logged without its name. */
async function tableNames(client: import('pg').Client): Promise<Map<number, string>> {
  const { rows } = await client.query<{ oid: number; name: string }>(
    `SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384`,
  );
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}
