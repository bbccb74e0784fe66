import type { Container } from 'dockerode';
import { answersSoon } from '../clones/connect.ts';
import type { Dependency, ServicePlan, StackPlan } from '../compose/plan.ts';
import { EngineAway, stoppedFromOutside } from '../engine/away.ts';
import type { Host } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import { ensureContainer } from './container.ts';
import { waitFor } from './health.ts';
import { readLogs } from './logs.ts';
import { containerNameOf } from './names.ts';
import { redactor } from './redact.ts';

export interface StartOptions {
  host: Host;
  stack: string;
  plan: StackPlan;
  /** The image id of each service. */
  images: Record<string, string>;
  healthTimeoutMs: number;
  signal: AbortSignal;
  /** Called once the database's server answers on its local socket, before anything that depends on it starts. */
  adopt(container: string): Promise<void>;
  onState(service: string, state: string): void;
  log(line: string): void;
}

/**
 * Starts a stack's services, each as soon as what it depends on is as its `depends_on` asks, and waits until all are up.
 * The migrations service is not started: greenroom runs the migrator, so what waits for its completion need not wait.
 *
 * @throws Problem `service-unhealthy` for the first service that fails; the others are no longer waited for.
 */
export async function startServices(options: StartOptions): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const services = new Map(servicesToStart(options.plan).map((service) => [service.name, service]));
  const starts = new Map<string, Promise<void>>();

  const start = (service: ServicePlan): Promise<void> => {
    const already = starts.get(service.name);
    if (already) return already;
    const dependencies = service.dependsOn.filter(({ service: name }) => services.has(name));
    const starting = (async () => {
      await Promise.all(dependencies.map((dependency) => dependencyMet(dependency)));
      await startOne({ ...options, signal }, service);
    })();
    starts.set(service.name, starting);
    return starting;
  };
  const dependencyMet = async ({ service: name, condition, required }: Dependency) => {
    try {
      await start(services.get(name)!);
      await wait({ ...options, signal }, name, condition);
    } catch (error) {
      if (required) throw error;
      options.log(`${name} is not as an optional dependency asks; going on without it`);
    }
  };

  try {
    await Promise.all(
      [...services.values()].map(async (service) => {
        await start(service);
        await wait({ ...options, signal }, service.name, 'settled');
        options.onState(service.name, 'up');
      }),
    );
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(starts.values());
    throw error;
  }
}

/** Every service but the migrator, in dependency order. */
export function servicesToStart(plan: StackPlan): ServicePlan[] {
  return plan.services.filter(({ name }) => name !== plan.greenroom.migrations?.service);
}

async function startOne(options: StartOptions, service: ServicePlan): Promise<void> {
  const { host, stack, signal } = options;
  signal.throwIfAborted();
  const container = await ensureContainer(host, stack, service, options.images[service.name]!);
  options.onState(service.name, 'starting');
  await startContainer(container, service);
  if (service.name === options.plan.greenroom.database?.service) {
    await waitForPostgres(options, service.name, container);
    await options.adopt(container.id);
  }
}

async function startContainer(container: Container, service: ServicePlan): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 304) return;
    const why = (error as { json?: { message?: string } }).json?.message ?? String(error);
    throw new Problem('service-unhealthy', `Service ${service.name} could not be started: ${why}`, {
      where: `services.${service.name}`,
      remedy: 'Check its command, entrypoint, user and mounts.',
      cause: error,
    });
  }
}

/** The stock image's own server answers at once on existing data; a short-lived one for initialisation never runs. */
async function waitForPostgres(options: StartOptions, service: string, container: Container): Promise<void> {
  await waitFor(options.host, container.id, service, 'service_started', options.healthTimeoutMs, options.signal);
  const deadline = Date.now() + options.healthTimeoutMs;
  while (Date.now() < deadline) {
    options.signal.throwIfAborted();
    const { State: state } = await container.inspect();
    if (stoppedFromOutside(state))
      throw new EngineAway(options.host.docker, `The database service ${service} was stopped from outside`);
    if (!state.Running) break;
    if (await answersSoon(options.host, container.id)) return;
  }
  await describeFailure(options, service);
  throw new Problem(
    'service-unhealthy',
    `The database service ${service} does not answer on its clone of the snapshot`,
    {
      where: `services.${service}`,
      remedy: 'The operation’s log holds its last lines.',
    },
  );
}

async function wait(options: StartOptions, service: string, condition: Parameters<typeof waitFor>[3]): Promise<void> {
  const container = containerNameOf(options.host.installation, options.stack, service);
  try {
    await waitFor(options.host, container, service, condition, options.healthTimeoutMs, options.signal);
  } catch (error) {
    if (!(error instanceof Problem) || options.signal.aborted) throw error;
    await describeFailure(options, service);
    // A health check's output is quoted in it.
    const { where, remedy } = error;
    const more = { ...(where ? { where } : {}), ...(remedy ? { remedy } : {}) };
    throw new Problem(error.code, redactor(options.plan)(error.message), { ...more, cause: error });
  }
}

/** Puts the service's last lines into the operation's log, because its container is about to be removed. */
async function describeFailure(options: StartOptions, service: string): Promise<void> {
  const container = containerNameOf(options.host.installation, options.stack, service);
  const lines = await readLogs(options.host, container, 20).catch(() => undefined);
  if (!lines) return;
  const redact = redactor(options.plan);
  options.log(`last lines of ${service}:`);
  for (const line of lines.split('\n')) if (line) options.log(`  ${redact(line)}`);
}
