import type { ServicePlan } from '../plan.ts';
import { isMap, listAt, mapAt, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';
import { readNumber } from './values.ts';

/**
 * The networks a service is on, the one with the highest priority first, with its further names there: `default` where
 * it names none. Source: Compose Specification, "networks", "links"; compose-go `loader/normalize.go`.
 */
export function readNetworks(scope: ServiceScope): Pick<ServicePlan, 'networks' | 'networkMode'> {
  const { service, findings, where } = scope;
  const mode = textOf(service.network_mode);
  const named = Array.isArray(service.networks)
    ? Object.fromEntries(service.networks.map((name) => [textOf(name), null]))
    : mapAt(service, 'networks');
  const names = Object.keys(named);
  if (mode !== '' && names.length > 0) findings.mistake(where, 'has both network_mode and networks');
  if (mode === 'none') return { networks: [], networkMode: 'none' };
  if (mode === 'bridge' || mode === 'default')
    findings.replace(`${where}.network_mode`, "the stack's own default network is used, not the host's common one");
  if (names.length === 0) return { networks: [{ name: 'default', aliases: [] }] };
  const networks = names.map((name) => {
    const at = `${where}.networks.${name}`;
    if (name !== 'default' && !Object.hasOwn(mapAt(scope.model, 'networks'), name))
      findings.mistake(at, `there is no ${name} under networks`, `declare it: networks: { ${name}: {} }`);
    const options = isMap(named[name] ?? null) ? (named[name] as Record<string, never>) : {};
    const aliases = listAt(options, 'aliases').map(textOf);
    for (const alias of aliases) checkHostName(scope, alias, `${at}.aliases`);
    return { name, aliases, priority: readNumber(options.priority, `${at}.priority`, findings) ?? 0 };
  });
  networks.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  return { networks: networks.map(({ name, aliases }) => ({ name, aliases })) };
}

/** Letters, digits, `-`, `_` and `.`; what Docker's DNS can answer and a shell cannot stumble over. */
export function checkHostName(scope: ServiceScope, name: string, where: string): void {
  if (!/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(name))
    scope.findings.mistake(where, 'is not a host name: letters, digits, - . and _ only');
}

/** A service and the name under which another one reaches it. */
export interface Link {
  service: string;
  alias: string;
}

/** `links: [db, "db:database"]`. Each is also a dependency. Source: Compose Specification, "links". */
export function readLinks(scope: ServiceScope): Link[] {
  return listAt(scope.service, 'links').map((entry, index) => {
    const [service = '', alias = service] = textOf(entry).split(':');
    checkHostName(scope, alias, `${scope.where}.links[${index}]`);
    return { service, alias };
  });
}
