import { isMap, listAt, type Tree, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';

const protocols = ['tcp', 'udp', 'sctp'];

/** Ports in the container, first to last. */
export interface PortRange {
  from: number;
  to: number;
}

/**
 * The port in the container that an entry of `ports` or `expose` names, if it is of that protocol: the long form, or
 * `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, each a port or a range. Source: Compose Specification, "ports", "expose".
 */
export function containerPort(entry: Tree, protocol: string): PortRange | undefined {
  const [target, spoken] = isMap(entry) ? [textOf(entry.target), textOf(entry.protocol ?? 'tcp')] : readShort(entry);
  return spoken.toLowerCase() === protocol ? range(target) : undefined;
}

/** Nothing is published on the host, but a port that is none would be a mistake for Compose, too. */
export function checkPorts(scope: ServiceScope): void {
  for (const key of ['ports', 'expose'] as const)
    for (const [index, entry] of listAt(scope.service, key).entries())
      if (!protocols.some((protocol) => containerPort(entry, protocol)))
        scope.findings.mistake(
          `${scope.where}.${key}[${index}]`,
          key === 'ports' ? 'is not a port: [[IP:]HOST:]CONTAINER[/PROTOCOL]' : 'is not a port: CONTAINER[/PROTOCOL]',
        );
}

function readShort(entry: Tree): [target: string, protocol: string] {
  const [ports = '', protocol = 'tcp', more] = textOf(entry).split('/');
  return more === undefined ? [ports.slice(ports.lastIndexOf(':') + 1), protocol] : ['', ''];
}

function range(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
  return from >= 1 && from <= to && to <= 65535 ? { from, to } : undefined;
}
