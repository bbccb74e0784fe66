import type { Findings } from './findings.ts';
import { hasNoContainers } from './profiles.ts';
import { type Link, readLinks } from './service/networks.ts';
import type { ServiceScope } from './service/scope.ts';
import type { ServiceDraft } from './service/service.ts';
import { isMap, mapAt } from './tree.ts';

export interface Drafted {
  scope: ServiceScope;
  draft: ServiceDraft;
}

/**
 * Checks every dependency against the services that run, and gives links their names. A dependency that does not run is
 * left out where it is not required, or has no containers, and reported; else it is a mistake.
 * Source: Compose Specification, "depends_on", "links", "profiles".
 */
export function connectServices(drafts: readonly Drafted[], findings: Findings): void {
  const running = new Map(drafts.map(({ draft }) => [draft.name, draft]));
  for (const { scope, draft } of drafts) {
    draft.dependsOn = draft.dependsOn.filter(({ service, required }) => {
      const runs = running.has(service);
      if (!runs) reportMissing(scope, service, required);
      return runs;
    });
    for (const link of readLinks(scope)) nameLink(scope, draft, link, running, findings);
  }
}

function reportMissing({ model, where: of, findings }: ServiceScope, service: string, required: boolean): void {
  const where = `${of}.depends_on.${service}`;
  const services = mapAt(model, 'services');
  const other = Object.hasOwn(services, service) ? (services[service] ?? null) : null;
  if (!isMap(other)) findings.mistake(where, `there is no service ${service}`);
  else if (hasNoContainers(other)) findings.replace(where, `${service} has 0 replicas and is not waited for`);
  else if (!required) findings.replace(where, `${service} does not run and is not required`);
  else
    findings.mistake(
      where,
      `${service} does not run: its profile is not active`,
      'activate its profile, or say required: false',
    );
}

/** A link's alias becomes a name of the other service on the networks that both are on. */
function nameLink(
  scope: ServiceScope,
  draft: ServiceDraft,
  { service, alias }: Link,
  running: ReadonlyMap<string, ServiceDraft>,
  findings: Findings,
): void {
  const other = running.get(service);
  if (!other || alias === service) return;
  if (running.has(alias)) findings.mistake(`${scope.where}.links`, `the alias ${alias} is the name of another service`);
  for (const network of other.networks)
    if (draft.networks.some(({ name }) => name === network.name) && !network.aliases.includes(alias))
      network.aliases = [...network.aliases, alias];
}
