import type { StackPlan } from '../compose/plan.ts';
import { type Database, query } from '../database/queries.ts';
import { removeContainer } from '../engine/containers.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { label, labelFilter, labelsOf } from '../engine/labels.ts';
import { databaseService } from './database-service.ts';
import { containerNameOf, networkNameOf } from './names.ts';

/** Stops services, those that others depend on last, each with the grace its file gives it. Safe to repeat. */
export async function stopServices(
  host: Host,
  stack: string,
  plan: StackPlan,
  what: 'all' | 'all but the database',
): Promise<void> {
  const database = databaseService(plan);
  for (const service of plan.services.toReversed()) {
    if (service === database && what !== 'all') continue;
    const name = containerNameOf(host.installation, stack, service.name);
    await ifPresent(host.docker.getContainer(name).stop());
  }
}

/** Stops every container of a stack but one service's, whatever release it is of: nobody else uses the database then. */
export async function stopAllBut(host: Host, stack: string, service: string): Promise<void> {
  for (const { Id, Labels } of await host.docker.listContainers({ filters: filtersOf(host, stack) })) {
    if (Labels[label.service] !== service) await ifPresent(host.docker.getContainer(Id).stop());
  }
}

/** Stops and removes containers of services that the plan does not have: another release's. */
export async function removeStrangers(host: Host, stack: string, plan: StackPlan): Promise<void> {
  const services = new Set(plan.services.map(({ name }) => name));
  for (const { Id, Labels } of await host.docker.listContainers({ all: true, filters: filtersOf(host, stack) })) {
    const service = Labels[label.service];
    if (service === undefined || services.has(service)) continue;
    await ifPresent(host.docker.getContainer(Id).stop());
    await removeContainer(host.docker.getContainer(Id));
  }
}

/** Removes networks that the plan does not have, once nothing of the stack is on them. */
export async function removeStrangeNetworks(database: Database, host: Host, stack: string, plan: StackPlan) {
  const networks = new Set(plan.networks.map(({ name }) => networkNameOf(host.installation, stack, name)));
  for (const { Name } of await host.docker.listNetworks({ filters: filtersOf(host, stack) })) {
    if (networks.has(Name)) continue;
    await ifPresent(host.docker.getNetwork(Name).remove());
    await query(database, 'delete-subnet', [host.id, Name]);
  }
}

function filtersOf(host: Host, stack: string): { label: string[] } {
  return labelFilter(labelsOf(host.installation, 'stack', { [label.stack]: stack }));
}
