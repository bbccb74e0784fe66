import { setTimeout as sleep } from 'node:timers/promises';
import type { StackPlan } from '../compose/plan.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import { smokeTest } from '../readiness/smoke.ts';
import { containerNameOf } from './names.ts';
import { servicesToStart } from './start.ts';

const everyMs = 1000;
const smokeEvery = 5;

/**
 * Watches a release that has come up: no service may restart, become unhealthy or exit with a failure, and the page has
 * to go on answering.
 * @throws Problem `service-unhealthy`, `smoke-failed`
 */
export async function watchStack(
  host: Host,
  stack: string,
  plan: StackPlan,
  forMs: number,
  { signal, progress }: { signal: AbortSignal; progress(message: string, done?: number, total?: number): void },
): Promise<void> {
  const names = servicesToStart(plan).map(({ name }) => name);
  const restartsBefore = await Promise.all(names.map((name) => restartsOf(host, stack, name)));
  const until = Date.now() + forMs;
  for (let look = 1; Date.now() < until; look++) {
    progress('watching the release', forMs - (until - Date.now()), forMs);
    await sleep(Math.max(0, Math.min(everyMs, until - Date.now())), undefined, { signal });
    for (const [index, name] of names.entries()) {
      const restarts = await restartsOf(host, stack, name);
      if (restarts > restartsBefore[index]!) throw failed(name, 'it was restarted');
    }
    if (look % smokeEvery === 0) await smokeTest(host, stack, plan, signal);
  }
  await smokeTest(host, stack, plan, signal);
}

/** How often a service's container was restarted. @throws Problem when it is not as a service should be. */
async function restartsOf(host: Host, stack: string, service: string): Promise<number> {
  const info = await ifPresent(host.docker.getContainer(containerNameOf(host.installation, stack, service)).inspect());
  if (!info) throw failed(service, 'its container is gone');
  const { State: state, RestartCount: restarts } = info;
  if (!state.Running && state.ExitCode !== 0) throw failed(service, `it exited with code ${state.ExitCode}`);
  if (state.Health?.Status === 'unhealthy') throw failed(service, 'it became unhealthy');
  return restarts;
}

function failed(service: string, why: string): Problem {
  return new Problem('service-unhealthy', `Service ${service} did not stay up while the release was watched: ${why}`, {
    where: `services.${service}`,
    remedy: 'The stack is as before; look at the service with the data of the snapshot, on a stack of its own.',
  });
}
