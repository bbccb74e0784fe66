import { isIP } from 'node:net';
import { isMap, textOf } from '../tree.ts';
import { checkHostName } from './networks.ts';
import type { ServiceScope } from './scope.ts';

/**
 * `extra_hosts` as Docker takes them, `NAME:IP`: a map, or a list with `=` or `:`; several addresses by comma or list;
 * IPv6 with or without brackets. Source: Compose Specification, "extra_hosts"; compose-go `types/hostList.go`.
 */
export function readExtraHosts(scope: ServiceScope): string[] {
  const { extra_hosts } = scope.service;
  const where = `${scope.where}.extra_hosts`;
  const entries: [string, string][] = [];
  if (isMap(extra_hosts ?? null))
    for (const [host, addresses] of Object.entries(extra_hosts as object))
      for (const address of Array.isArray(addresses) ? addresses : [addresses]) entries.push([host, textOf(address)]);
  if (Array.isArray(extra_hosts))
    for (const entry of extra_hosts) {
      const text = textOf(entry);
      const cut = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
      if (cut < 0) scope.findings.mistake(where, 'an entry must be NAME=ADDRESS');
      else for (const address of text.slice(cut + 1).split(',')) entries.push([text.slice(0, cut), address]);
    }
  return entries.flatMap(([host, written]) => {
    const address = written.trim().replace(/^\[(.+)\]$/, '$1');
    checkHostName(scope, host, where);
    if (address === 'host-gateway') {
      const allow = `${where}:host-gateway`;
      if (!scope.allowed(allow))
        scope.findings.mistake(
          where,
          'names the host itself (host-gateway)',
          `an administrator may allow it with \`${allow}\``,
        );
    } else if (isIP(address) === 0) scope.findings.mistake(where, `the address of ${host} is not an IP address`);
    return [`${host}:${address}`];
  });
}

/** `dns` and `dns_search`: one or a list. */
export function readNames(scope: ServiceScope, key: 'dns' | 'dns_search' | 'dns_opt'): string[] {
  const value = scope.service[key];
  const list = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const names = list.map(textOf).filter((name) => name !== '');
  if (key === 'dns')
    for (const name of names)
      if (isIP(name) === 0) scope.findings.mistake(`${scope.where}.dns`, 'must be an IP address');
  return names;
}
