import type { ContainerInspectInfo } from 'dockerode';
import type { components } from '../../openapi/types.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { readLogs } from './logs.ts';
import { containerNameOf } from './names.ts';
import { redactor } from './redact.ts';
import { getStackRow, openPlan, toStack } from './stack.ts';

type Schemas = components['schemas'];

/** A stack with each service's state as the engine has it now. @throws Problem `not-found` */
export async function describeStack(greenroom: Greenroom, name: string): Promise<Schemas['StackDetail']> {
  const row = await getStackRow(greenroom.pool, name);
  const host = hostOf(greenroom, row.host);
  const plan = openPlan(greenroom.sealer, row);
  const services = await Promise.all(
    plan.services.map((service) =>
      service.name === plan.greenroom.migrations?.service
        ? { name: service.name, state: 'not started' as const, note: 'greenroom runs the migrator itself' }
        : serviceStatus(host, name, service.name),
    ),
  );
  return {
    ...toStack(row, greenroom.settings, host.name),
    services,
    ingress: plan.greenroom.ingress,
    replaced: plan.replaced,
    ...(row.clone_mode ? { cloneMode: row.clone_mode } : {}),
  };
}

/** The last lines of a service, without the secrets of its plan. @throws Problem `not-found` */
export async function serviceLogs(greenroom: Greenroom, stack: string, service: string, tail: number): Promise<string> {
  const row = await getStackRow(greenroom.pool, stack);
  const plan = openPlan(greenroom.sealer, row);
  if (!plan.services.some(({ name }) => name === service)) {
    throw new Problem('not-found', `Stack ${stack} has no service ${service}`, {
      where: service,
      remedy: `Its services are ${plan.services.map(({ name }) => name).join(', ')}.`,
    });
  }
  const host = hostOf(greenroom, row.host);
  const lines = await readLogs(host, containerNameOf(greenroom.installation, stack, service), tail);
  return redactor(plan)(lines ?? '');
}

async function serviceStatus(host: Host, stack: string, name: string): Promise<Schemas['ServiceStatus']> {
  const container = host.docker.getContainer(containerNameOf(host.installation, stack, name));
  const info = await ifPresent(container.inspect());
  if (!info) return { name, state: 'absent' };
  const { State: state } = info;
  return {
    name,
    state: state.Status as Schemas['ServiceStatus']['state'],
    health: healthOf(info),
    ...(state.Running ? {} : { exitCode: state.ExitCode }),
    restarts: info.RestartCount,
    image: info.Image,
    ...(state.StartedAt.startsWith('0001') ? {} : { startedAt: state.StartedAt }),
  };
}

function healthOf(info: ContainerInspectInfo): NonNullable<Schemas['ServiceStatus']['health']> {
  return (info.State.Health?.Status as 'starting' | undefined) ?? 'none';
}
