import type { components } from '../../openapi/types.ts';
import { listBackups } from '../backups/backup.ts';
import { definitionHash } from '../compose/hash.ts';
import type { StackPlan } from '../compose/plan.ts';
import { queryOne } from '../database/queries.ts';
import type { Host } from '../engine/host.ts';
import { ifPresent } from '../engine/host.ts';
import { messageOf, Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { planOf } from '../projects/projects.ts';
import { getReleaseServices } from '../releases/releases.ts';
import type { SnapshotRow } from '../snapshots/snapshot.ts';
import { getStackRow, openPlan } from '../stacks/stack.ts';
import { describeStack } from '../stacks/status.ts';
import { type Policy, policyOf } from './policy.ts';
import { type Rehearsed, rehearsalChecks } from './rehearsal-checks.ts';
import { smoke } from './smoke.ts';
import { type Check, reasonsOf, verdictOf } from './verdict.ts';

type Readiness = components['schemas']['Readiness'];

/**
 * Says, with evidence, whether a release may go to production. Every question is asked anew; one that cannot be answered
 * counts as no pass.
 *
 * @param stack a stack of the project to ask about services and pages.
 * @throws Problem `not-found`, `conflict` for another project's stack
 */
export async function readinessOf(
  greenroom: Greenroom,
  project: string,
  version: string,
  stack: string | undefined,
): Promise<Readiness> {
  const { pool } = greenroom;
  const plan = await planOf(greenroom, project, await getReleaseServices(greenroom, project, version));
  const stackRow = stack === undefined ? undefined : await getStackRow(pool, stack);
  if (stackRow && stackRow.project !== project) {
    throw new Problem('conflict', `Stack ${stackRow.name} is of project ${stackRow.project}, not of ${project}`, {
      where: 'stack',
      remedy: 'Name a stack of the same project.',
    });
  }
  const host = stackRow ? hostOf(greenroom, stackRow.host) : [...greenroom.hosts.values()][0]!;
  const policy = await policyOf(pool, project);
  const images = await imageIds(host, plan);
  const checks: Check[] = [imagesCheck(plan, images)];
  if (plan.greenroom.database) {
    const snapshot = await queryOne<SnapshotRow>(pool, 'latest-snapshot', [project, host.id]);
    checks.push(snapshotCheck(snapshot, policy));
    if (plan.greenroom.migrations) {
      const definitions = Object.fromEntries(plan.services.map((service) => [service.name, definitionHash(service)]));
      const rehearsal = await queryOne<Rehearsed>(pool, 'latest-rehearsal', [project, version]);
      checks.push(...rehearsalChecks(rehearsal, { images, definitions, snapshot: snapshot?.id }, policy));
    }
  }
  if (stackRow) {
    const [backup] = await listBackups(pool, { stack: stackRow.name });
    // Before anything was applied there is nothing to go back to, and nothing to ask.
    if (backup) checks.push(backupCheck(backup));
    const running = openPlan(greenroom.sealer, stackRow);
    // Said in so many words: a stack may be asked before the release is on it.
    const runs = `; it runs ${stackRow.release.version}`;
    for (const check of [
      await servicesCheck(greenroom, stackRow.name, running),
      await smokeCheck(host, stackRow.name, running),
    ])
      checks.push({ ...check, observed: check.observed + runs });
  }
  return {
    project,
    version,
    ...(stack === undefined ? {} : { stack }),
    at: new Date().toISOString(),
    verdict: verdictOf(checks),
    reasons: reasonsOf(checks),
    checks,
  };
}

async function imageIds(host: Host, plan: StackPlan): Promise<Record<string, string | undefined>> {
  const found = plan.services.map(async ({ name, image }) => {
    const info = await ifPresent(host.docker.getImage(image).inspect());
    return [name, info?.Id] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

function imagesCheck(plan: StackPlan, ids: Record<string, string | undefined>): Check {
  const missing = plan.services.filter(({ name }) => !ids[name]);
  return {
    id: 'images',
    title: 'Images resolved',
    status: missing.length > 0 ? 'no_data' : 'pass',
    expected: 'the host has the image of every service',
    observed:
      missing.length > 0
        ? missing.map(({ name, image }) => `${name}: ${image} is not on the host`).join('; ')
        : `${plan.services.length} services`,
    ...(missing.length > 0 ? { remedy: 'A stack or a rehearsal of this release pulls them.' } : {}),
  };
}

function snapshotCheck(snapshot: SnapshotRow | undefined, { maxSnapshotAgeHours }: Policy): Check {
  const expected = `taken within ${maxSnapshotAgeHours} hours`;
  const title = 'Snapshot is recent';
  const remedy = 'POST /v1/snapshots captures a new one.';
  if (!snapshot?.taken_at)
    return { id: 'snapshot', title, status: 'no_data', expected, observed: 'there is none', remedy };
  const hours = (Date.now() - snapshot.taken_at.getTime()) / 3_600_000;
  const old = hours > maxSnapshotAgeHours;
  return {
    id: 'snapshot',
    title,
    status: old ? 'stale' : 'pass',
    expected,
    observed: `${snapshot.id}, ${hours.toFixed(1)} hours old`,
    evidence: `/v1/snapshots/${snapshot.id}/report`,
    at: snapshot.taken_at.toISOString(),
    ...(old ? { remedy } : {}),
  };
}

/** The newest backup is the one that a person would go back to. */
function backupCheck(backup: components['schemas']['Backup']): Check {
  const verified = backup.state === 'verified' || (backup.state === 'restoring' && backup.verifiedAt !== undefined);
  return {
    id: 'backup',
    title: 'Backup verified',
    status: verified ? 'pass' : backup.state === 'damaged' ? 'fail' : 'no_data',
    expected: 'the newest backup of the stack was restored and compared',
    observed: verified
      ? `${backup.id}, ${backup.rows ?? 0} rows of ${backup.tables ?? 0} tables`
      : `${backup.id} is ${backup.state}`,
    evidence: `/v1/backups/${backup.id}`,
    at: backup.verifiedAt ?? backup.createdAt,
    ...(verified ? {} : { remedy: `POST /v1/backups/${backup.id}/verify` }),
  };
}

async function servicesCheck(greenroom: Greenroom, stack: string, plan: StackPlan): Promise<Check> {
  const { services } = await describeStack(greenroom, stack);
  const oneShot = new Set(
    plan.services.flatMap(({ name, restart, healthcheck }) => (restart.policy === 'no' && !healthcheck ? [name] : [])),
  );
  const down = services.filter(
    ({ name, state, health, exitCode }) =>
      !(state === 'not started' || (state === 'exited' && exitCode === 0 && oneShot.has(name))) &&
      (state !== 'running' || !['healthy', 'none'].includes(health ?? 'none')),
  );
  return {
    id: 'services',
    title: 'Services healthy',
    status: down.length > 0 ? 'fail' : 'pass',
    expected: 'every service runs and is healthy',
    observed:
      down.length > 0
        ? down.map(({ name, state, health }) => `${name}: ${state}, ${health ?? 'no health'}`).join('; ')
        : `${services.length} services`,
    evidence: `/v1/stacks/${stack}`,
    ...(down.length > 0 ? { remedy: `GET /v1/stacks/${stack}/services/${down[0]!.name}/logs` } : {}),
  };
}

async function smokeCheck(host: Host, stack: string, plan: StackPlan): Promise<Check> {
  const asked: Pick<Check, 'id' | 'title' | 'expected'> = {
    id: 'smoke',
    title: 'Page and asset answer',
    expected: 'the page at / and an asset it links answer 2xx',
  };
  const remedy = 'Open the stack’s URL and look.';
  try {
    const answers = await smoke(host, stack, plan);
    if (!answers)
      return {
        ...asked,
        status: 'no_data',
        observed: 'no service has the ingress path /',
        remedy: 'Name one in x-greenroom.ingress.',
      };
    const bad = answers.filter(({ status }) => status >= 400);
    const observed = answers.map(({ path, status }) => `${path} ${status}`).join(', ');
    return { ...asked, status: bad.length > 0 ? 'fail' : 'pass', observed, ...(bad.length > 0 ? { remedy } : {}) };
  } catch (error) {
    return { ...asked, status: 'fail', observed: messageOf(error), remedy };
  }
}
