import type { StackPlan } from '../compose/plan.ts';
import { removeContainer } from '../engine/containers.ts';
import { type Host, ifPresent } from '../engine/host.ts';
import { label, labelFilter, labelsOf } from '../engine/labels.ts';
import { databaseService } from './database-service.ts';
import { containerNameOf, networkNameOf } from './names.ts';

/** Stops services, those that others depend on last, each with the grace its file gives it. Safe to repeat. */
export async function stopServices(host: Host, stack: string, plan: StackPlan, what: 'all' | 'all but the database') {
  const database = databaseService(plan);
  for (const service of plan.services.toReversed()) {
    if (service === database && what !== 'all') continue;
    const name = containerNameOf(host.installation, stack, service.name);
    await ifPresent(host.docker.getContainer(name).stop());
  }
}

/** Removes containers of services, and networks, that the plan does not have: another release's. */
export async function removeStrangers(host: Host, stack: string, plan: StackPlan): Promise<void> {
  const filters = labelFilter(labelsOf(host.installation, 'stack', { [label.stack]: stack }));
  const services = new Set(plan.services.map(({ name }) => name));
  for (const { Id, Labels } of await host.docker.listContainers({ all: true, filters })) {
    const service = Labels[label.service];
    if (service !== undefined && !services.has(service)) await removeContainer(host.docker.getContainer(Id));
  }
  const networks = new Set(plan.networks.map(({ name }) => networkNameOf(host.installation, stack, name)));
  for (const { Name } of await host.docker.listNetworks({ filters })) {
    if (!networks.has(Name)) await ifPresent(host.docker.getNetwork(Name).remove());
  }
}
