import type pg from 'pg';
import { removeClone } from '../clones/clone.ts';
import { definitionHash } from '../compose/hash.ts';
import type { StackPlan } from '../compose/plan.ts';
import { schemaDiff } from '../database/diff/diff.ts';
import { query, queryOne } from '../database/queries.ts';
import { changesBetween, fingerprintOfSchema, readSchema } from '../database/schema.ts';
import { DiskFull, saysDiskIsFull } from '../engine/disk.ts';
import { imageIdsOf } from '../engine/images.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { appliedMigrations, downOne, hasNoDown, up, upOne } from '../migrations/migrator.ts';
import { askProduction, readCompared, type TableSize } from '../migrations/production.ts';
import { warningsAbout } from '../migrations/production-words.ts';
import { type MigratorRun, runMigrator } from '../migrations/run-migrator.ts';
import { clonesOf, getRunRow } from '../migrations/runs.ts';
import { withSessionTimeouts } from '../migrations/session-timeouts.ts';
import { knownMigrations } from '../migrations/status.ts';
import type { OperationContext, OperationKind } from '../operations/kind.ts';
import { deploymentPolicyOf } from '../projects/deployment-policy.ts';
import { policyOf } from '../readiness/policy.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { catalogQuery } from '../sources/catalog.ts';
import { databaseService, migratorService } from '../stacks/database-service.ts';
import { redactor } from '../stacks/redact.ts';
import { openPlan } from '../stacks/stack.ts';
import { askedOf, becomeApplication } from './asked.ts';
import { readBefore, readForeignKeys, readSize, readUnindexedForeignKeys } from './before.ts';
import { onRehearsalClones, type RehearsalClone } from './clone.ts';
import { diskNeeded, extrapolate } from './extrapolate.ts';
import { type Finding, findingsOf } from './findings/findings.ts';
import { measureImpact } from './impact.ts';
import { lockOrder } from './lock-order.ts';
import { lossBetween, readTables } from './loss.ts';
import { blockingLocks, type Observed } from './observed.ts';
import { observer } from './observer.ts';
import { needsNoTransaction } from './outside-transaction.ts';
import type { RehearsalReport, RehearsedMigration, RehearsedUp } from './report.ts';
import { parseSql, tablesOf, unquoted } from './sql.ts';

export interface RehearsalInput {
  run: string;
  timeoutMs: number;
  /** Whether the third pass is wanted. */
  impact: boolean;
  /** A source of the project, to be asked as production. */
  source?: string;
}

/** More pending migrations than this are not stepped through. */
const maxSteps = 300;

/**
 * Rehearses a release's migrations on throwaway clones of a snapshot: the exact command on one, for the verdict, one
 * migration at a time on a second, to attribute and to learn what can be undone, and the exact command again on a third,
 * among readers and writers. All are gone afterwards.
 */
export function rehearse(greenroom: Greenroom): OperationKind<RehearsalInput> {
  return {
    async run({ run: id, timeoutMs, impact: wanted, source }, context) {
      const row = await getRunRow(greenroom.pool, id);
      const host = hostOf(greenroom, row.host);
      const asDeclared = openPlan(greenroom.sealer, row);
      const plan = withSessionTimeouts(asDeclared, await deploymentPolicyOf(greenroom.pool, row.project));
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
        maxLockMs: (await policyOf(greenroom.pool, row.project)).maxLockMs,
        redact: redactor(plan),
      };
      const spec = { host, plan, of, images, signal: context.signal };
      const [first, second, third, list] = clonesOf(id);
      const names = [first, second, third];
      const [whole, production, steps, impact] = await onRehearsalClones(greenroom, spec, names, async (clones) => {
        const whole = await context.step('up', async () => {
          // Both start at once; while this one is timed nothing else runs.
          const [clone] = await Promise.all([clones.start(first, true), clones.start(second)]);
          return rehearseUp(rehearsal, clone).then(withoutFullDisk);
        });
        clones.drop(first);
        const inTheWay = wanted && whole.outcome === 'completed' ? blockingLocks(whole.locks) : [];
        const locked = [...new Set(inTheWay.map(({ table }) => table))];
        const asked = wanted && whole.outcome === 'completed' ? await askedOf(greenroom.pool, row.project) : [];
        const among = locked.length + asked.length > 0;
        if (among) clones.start(third).catch(() => {});
        const production = await context.step('production', async () => {
          if (source === undefined) return undefined;
          context.progress('reading production');
          const { client } = await clones.start(second);
          const asked = { host, plan, snapshot, images, name: list, timeoutMs, signal: context.signal };
          return askProduction(greenroom, {
            ...{ project: row.project, source, schema: database!.schema, against: 'snapshot' },
            copy: () => readCompared(client, database!.schema),
            signal: context.signal,
            // A migrator that does not list what it has is the rehearsal's to judge.
            known: await knownMigrations(greenroom, asked).catch((error) => {
              if (error instanceof Problem && error.code === 'migration-failed') return undefined;
              throw error;
            }),
          });
        });
        const steps = await context.step('one by one', async () =>
          rehearseSteps(rehearsal, await clones.start(second), whole).then(withoutFullDisk),
        );
        clones.drop(second);
        const impact = await context.step('impact', async () => {
          if (!among) return undefined;
          context.progress('running the migrations among readers and writers');
          const clone = await clones.start(third);
          const migrate = () => runMigrator(clone, whole.command, timeoutMs, context.signal);
          const as = (client: pg.Client) => becomeApplication(client, database!);
          const { run, ...measured } = await measureImpact(clone, { locked, asked, becomeApplication: as }, migrate);
          return withoutFullDisk({ ...measured, ...resultOf(rehearsal, run) });
        });
        return [whole, production, steps, impact] as const;
      });
      const reasons = reasonsAgainst(whole, steps);
      const { findings, ...rehearsed } = attributed(whole, steps);
      const report: RehearsalReport = {
        ...{ passed: reasons.length === 0, reasons, images, up: rehearsed, migrations: steps, findings },
        ...(impact ? { impact } : {}),
        warnings: production ? warningsAbout(production) : [],
        ...(production ? { production } : {}),
        ...(production?.tables ? { extrapolated: extrapolate(rehearsed, production.tables) } : {}),
        disk: diskNeeded(rehearsed, production?.tables),
        definitions: definitionsOf(asDeclared),
      };
      await query(greenroom.pool, 'finish-migration-run', [id, report.passed ? 'passed' : 'failed', report, null]);
      context.log(report.passed ? 'passed' : `failed: ${reasons.join('; ')}`);
      for (const warning of report.warnings) context.log(`warning: ${warning}`);
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

function definitionsOf(plan: StackPlan): Record<string, string> {
  return Object.fromEntries(
    [databaseService(plan)!, migratorService(plan)!].map((service) => [service.name, definitionHash(service)]),
  );
}

interface Rehearsal {
  context: OperationContext;
  schema: string;
  command: string[];
  timeoutMs: number;
  maxLockMs: number;
  redact(text: string): string;
}

async function rehearseUp(rehearsal: Rehearsal, clone: RehearsalClone): Promise<RehearsedUp & { findings: Finding[] }> {
  const { context, schema, command, timeoutMs } = rehearsal;
  const { client } = clone;
  const applied = await appliedMigrations(client, schema);
  const schemaBefore = await readSchema(client);
  const before = await readBefore(client, schema);
  const sizesBefore = await catalogQuery<TableSize>(client, 'table-sizes');
  const foreignKeys = await readForeignKeys(client);
  context.progress(`running ${[...command, ...up].join(' ')} on a clone`);
  const run = await runMigrator(clone, [...command, ...up], timeoutMs, context.signal);
  const { read, end } = observer(before);
  await clone.readLog(read);
  const observed = end(await clone.readCosts());
  const after = await appliedMigrations(client, schema);
  const schemaAfter = await readSchema(client);
  const { bytes, lsn } = await readSize(client);
  const sizesAfter = await catalogQuery<TableSize>(client, 'table-sizes');
  const known = {
    tables: new Set(before.names.values()),
    searchPath: before.searchPath,
    maxLockMs: rehearsal.maxLockMs,
    unindexedForeignKeys: await readUnindexedForeignKeys(client),
    foreignKeys,
  };
  const { statements, statementCount, locks, rewrites, scans, migrations: costs } = observed;
  return {
    ...resultOf(rehearsal, run, observed),
    command: [...command, ...up],
    connected: observed.connections > 0,
    appliedBefore: applied,
    applied: after.filter((version) => !applied.includes(version)),
    fingerprint: { before: fingerprintOfSchema(schemaBefore), after: fingerprintOfSchema(schemaAfter) },
    changes: changesBetween(schemaBefore, schemaAfter),
    diff: schemaDiff(schemaBefore, schemaAfter),
    growthBytes: bytes - before.bytes,
    tableSizes: sizeChanges(sizesBefore, sizesAfter, new Set(rewrites.map(({ table }) => table))),
    walBytes: lsn - before.lsn,
    ...{ statements, statementCount, locks, lockOrder: lockOrder(locks), rewrites, scans, costs },
    findings: findingsOf(observed, known),
  };
}

function sizeChanges(before: TableSize[], after: TableSize[], rewritten: Set<string>): RehearsedUp['tableSizes'] {
  const now = new Map(after.map(({ name, totalBytes }) => [name, totalBytes]));
  return before
    .map(({ name: table, totalBytes: beforeBytes }) => ({ table, beforeBytes, afterBytes: now.get(table) ?? 0 }))
    .filter(({ table, beforeBytes, afterBytes }) => beforeBytes !== afterBytes || rewritten.has(table));
}

async function rehearseSteps(
  rehearsal: Rehearsal,
  clone: RehearsalClone,
  whole: RehearsedUp,
): Promise<RehearsedMigration[]> {
  const { context, schema, command, timeoutMs } = rehearsal;
  const { client } = clone;
  const run = (args: string[]) => runMigrator(clone, [...command, ...args], timeoutMs, context.signal);
  const migrations: RehearsedMigration[] = [];
  let before = await appliedMigrations(client, schema);
  let schemaBefore = await readSchema(client);
  while (migrations.length < maxSteps) {
    const tables = tablesAtStake(whole, migrations.length, schema);
    const contentBefore = await readTables(client, tables);
    const upRun = await run(upOne);
    if (upRun.outcome !== 'completed') {
      migrations.push({ ...resultOf(rehearsal, upRun), changes: [], diff: '', reversible: 'unknown' });
      break;
    }
    const applied = await appliedMigrations(client, schema);
    const migration = applied.find((version) => !before.includes(version));
    if (!migration) break;
    context.progress(`${migration}: up, down, up`, migrations.length);
    const schemaAfter = await readSchema(client);
    const changes = changesBetween(schemaBefore, schemaAfter);
    const diff = schemaDiff(schemaBefore, schemaAfter);
    const rehearsed = { migration, ...resultOf(rehearsal, upRun), changes, diff };
    const downRun = await run(downOne);
    if (downRun.outcome !== 'completed') {
      const { error: whyNot } = resultOf(rehearsal, downRun);
      const reversible = hasNoDown(downRun.output) ? 'not-implemented' : 'no';
      migrations.push({ ...rehearsed, reversible, ...(whyNot ? { whyNot } : {}) });
      before = await appliedMigrations(client, schema);
      // Half undone, nothing can be learnt of the next one.
      if (!before.includes(migration)) break;
      schemaBefore = await readSchema(client);
      continue;
    }
    const left = changesBetween(schemaBefore, await readSchema(client));
    const loss = lossBetween(contentBefore, await readTables(client, tables));
    const again = await run(upOne);
    schemaBefore = await readSchema(client);
    before = await appliedMigrations(client, schema);
    const different = changesBetween(schemaAfter, schemaBefore);
    const same = left.length + different.length === 0 && again.outcome === 'completed';
    migrations.push({
      ...rehearsed,
      reversible: !same ? 'differs' : loss.length > 0 ? 'with-loss' : 'yes',
      ...(left.length > 0 ? { leftByDown: left } : {}),
      ...(loss.length > 0 ? { loss } : {}),
    });
    if (again.outcome !== 'completed') break;
  }
  return migrations;
}

/**
 * The tables whose rows a migration may lose: those it changes rows of, writes anew, empties, or takes columns from. What
 * others hold `down` can only lose by changing what `up` left alone.
 */
function tablesAtStake({ costs, rewrites, statements, changes }: RehearsedUp, nth: number, schema: string): string[] {
  const migration = costs[nth]?.migration;
  const ofThis = <T extends { migration?: string }>(things: T[]) =>
    things.filter((thing) => thing.migration === migration);
  const changed = ofThis(costs).flatMap(({ rows }) => rows.filter(({ updated, deleted }) => updated + deleted > 0));
  // By text where it failed and was rolled back; by what is gone where a block or a function did it.
  const here = ofThis(statements).filter(({ database }) => database === undefined);
  const named = here
    .flatMap(({ sql }) => parseSql(sql))
    .filter(({ type, text }) => /^(Truncate|Drop)Stmt$/.test(type) || /\b(drop|type)\b/i.test(text))
    .flatMap(tablesOf)
    .map((table) => `${table.schema ?? schema}.${table.name}`);
  const gone = changes.flatMap(({ change, object }) => {
    const [, table] = /^column (.*)\.(?:"(?:[^"]|"")*"|[^".]+)$/.exec(object) ?? [];
    return change !== 'added' && table ? [unquoted(table)] : [];
  });
  const blocks = here.some(({ sql }) => /^\s*(do|select|call)\b/i.test(sql));
  return [
    ...new Set([...[...changed, ...ofThis(rewrites)].map(({ table }) => table), ...named, ...(blocks ? gone : [])]),
  ];
}

/** What was never booked, because it failed, belongs to the migration that comes next one by one. */
function attributed<T extends RehearsedUp & { findings: Finding[] }>(whole: T, steps: RehearsedMigration[]): T {
  const migration = whole.outcome === 'completed' ? undefined : steps[whole.costs.length]?.migration;
  if (!migration) return whole;
  const { statements, locks, rewrites, scans, findings } = whole;
  const ordered = whole.lockOrder.flatMap((order) => order.locks);
  for (const thing of [...statements, ...locks, ...ordered, ...rewrites, ...scans, ...findings])
    thing.migration ??= migration;
  return whole;
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
    ...(first?.code && outcome !== 'completed' ? { errorCode: first.code } : {}),
  };
}

function reasonsAgainst(whole: RehearsedUp, steps: RehearsedMigration[]): string[] {
  const reasons: string[] = [];
  const command = whole.command.join(' ');
  if (whole.outcome !== 'completed') {
    const oneByOne = steps.length > 0 && steps.every(({ outcome }) => outcome === 'completed');
    const hint = oneByOne ? ' (each migration passes by itself, but not all in one transaction)' : '';
    const refused = needsNoTransaction(whole.errorCode, whole.failedStatement);
    const plain = refused ? `. ${refused.why}. Instead: ${refused.instead}` : '';
    reasons.push(`${command} ${whole.outcome}: ${whole.error ?? 'no reason given'}${hint}${plain}`);
  }
  if (!whole.connected) {
    const exited = whole.exitCode === 0 ? 'exited 0 but ' : '';
    reasons.push(
      `${command} ${exited}never connected to the clone: it is pointed somewhere else, or connects to nothing`,
    );
  }
  return reasons;
}
