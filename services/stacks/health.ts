import type { ContainerInspectInfo } from 'dockerode';
import { type Host, ifPresent } from '../engine/host.ts';
import { Problem } from '../errors.ts';

/** What is waited for: as Compose's `depends_on` conditions, and `settled` for a stack that is to be called ready. */
export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully' | 'settled';

const pollMs = 100;
/** A service without a health check counts as settled once it has run this long. */
const settleMs = 1000;
/** A container that was restarted this often while it was waited for will not come up by itself. */
const maxRestarts = 3;

/**
 * Waits until a service's container meets a condition.
 *
 * @throws Problem `service-unhealthy` as soon as it cannot any more (it exited, is unhealthy, restarts again and
 * again), or `timed-out`.
 */
export async function waitFor(
  host: Pick<Host, 'docker'>,
  container: string,
  service: string,
  condition: Condition,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const info = await ifPresent(host.docker.getContainer(container).inspect());
    if (!info) throw unhealthy(service, 'its container was removed meanwhile');
    if (isMet(info, service, condition)) return;
    if (Date.now() > deadline) {
      throw new Problem(
        'service-unhealthy',
        `Service ${service} is not ${nameOf(condition)} after ${timeoutMs / 1000} s: ${stateOf(info)}`,
        {
          where: `services.${service}`,
          remedy: 'Look at its log; raise healthTimeoutSeconds if it only needs longer.',
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function isMet(info: ContainerInspectInfo, service: string, condition: Condition): boolean {
  const { State: state, RestartCount: restarts } = info;
  const health = state.Health?.Status;
  const over = state.Status === 'exited' || state.Status === 'dead';
  if (restarts >= maxRestarts)
    throw unhealthy(service, `it was restarted ${restarts} times, last exit code ${state.ExitCode}`);
  if (over && state.ExitCode !== 0) throw unhealthy(service, exitOf(state));
  switch (condition) {
    case 'service_started':
      return state.Status !== 'created';
    case 'service_completed_successfully':
      return over;
    case 'service_healthy':
      if (over) throw unhealthy(service, 'it exited (code 0) before it was healthy');
      if (health === undefined || health === 'none') {
        throw unhealthy(service, 'it has no health check, but something waits for it to be healthy');
      }
      return isHealthy(info, service);
    case 'settled':
      if (over) return true;
      if (health === undefined || health === 'none') {
        return state.Running && !state.Restarting && Date.now() - Date.parse(state.StartedAt) >= settleMs;
      }
      return isHealthy(info, service);
  }
}

function isHealthy(info: ContainerInspectInfo, service: string): boolean {
  const health = info.State.Health!;
  if (health.Status === 'unhealthy') {
    const last = health.Log?.at(-1);
    const output = (last?.Output ?? '').trim().slice(-300);
    throw unhealthy(
      service,
      `its health check failed ${health.FailingStreak} times, last with exit code ${last?.ExitCode}: ${output}`,
    );
  }
  return health.Status === 'healthy';
}

function unhealthy(service: string, why: string): Problem {
  return new Problem('service-unhealthy', `Service ${service} did not come up: ${why}`, {
    where: `services.${service}`,
    remedy: 'The operation’s log holds the service’s last lines.',
  });
}

function exitOf(state: ContainerInspectInfo['State']): string {
  if (state.OOMKilled) return 'it ran out of memory and was killed';
  return `it exited with code ${state.ExitCode}${state.Error ? ` (${state.Error})` : ''}`;
}

function stateOf(info: ContainerInspectInfo): string {
  const health = info.State.Health?.Status;
  return `it is ${info.State.Status}${health ? `, health ${health}` : ''}`;
}

function nameOf(condition: Condition): string {
  return {
    service_started: 'started',
    service_healthy: 'healthy',
    service_completed_successfully: 'completed',
    settled: 'up',
  }[condition];
}
