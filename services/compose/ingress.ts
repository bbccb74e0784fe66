import type { Findings } from './findings.ts';
import type { IngressRoute } from './plan.ts';
import { containerPort, type PortRange } from './service/ports.ts';
import { listAt, type TreeMap } from './tree.ts';

/**
 * The route of a file that names none: `/` leads to the one service that publishes exactly one TCP port (or, where none
 * publishes any, exposes one). The database and the migrations service do not count.
 */
export function deriveIngress(
  services: ReadonlyMap<string, TreeMap>,
  except: readonly string[],
  findings: Findings,
): IngressRoute[] {
  for (const key of ['ports', 'expose'] as const) {
    const ports = [...services]
      .filter(([name]) => !except.includes(name))
      .flatMap(([service, definition]) => tcpPorts(definition, key).map((port) => ({ service, ...port })));
    const [only] = ports;
    if (!only) continue;
    if (ports.length > 1 || only.from !== only.to) {
      const names = [...new Set(ports.map(({ service }) => service))].join(', ');
      findings.replace('x-greenroom.ingress', `is not given, and no route is derived: ${names} name several ports`);
      return [];
    }
    const { service, from: port } = only;
    findings.replace(
      'x-greenroom.ingress',
      `is not given: / leads to ${service}, port ${port}, the only one in ${key}`,
    );
    return [{ service, port, path: '/', stripPrefix: false }];
  }
  return [];
}

/** Each once: a port may be published under several numbers. */
function tcpPorts(service: TreeMap, key: 'ports' | 'expose'): PortRange[] {
  const ports = listAt(service, key).flatMap((entry) => containerPort(entry, 'tcp') ?? []);
  return [...new Map(ports.map((port) => [`${port.from}-${port.to}`, port])).values()];
}
