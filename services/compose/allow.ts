import type { Findings } from './findings.ts';

/**
 * What a project's administrator can allow, each by the name of the service and of the very thing:
 *
 * - `services.NAME.privileged`
 * - `services.NAME.cap_add:NET_ADMIN` (upper case, without CAP_)
 * - `services.NAME.security_opt:seccomp=unconfined` (with `=` after the option's name)
 * - `services.NAME.devices:/dev/fuse` (the path on the host)
 * - `services.NAME.volumes:/srv/data` (that path on the host, none below it)
 * - `services.NAME.pid:host`, and so for `ipc`, `uts`, `userns_mode` and `cgroup`
 * - `services.NAME.ulimits:rtprio`
 * - `services.NAME.extra_hosts:host-gateway`
 * - `services.NAME.labels:traefik` (labels that steer a program on the host, by their first part)
 *
 * Everything else that reaches the host or another stack cannot be allowed.
 */
const allowable =
  /^services\.[a-zA-Z0-9._-]+\.(privileged|cap_add:[A-Z_]+|security_opt:[a-z-]+(=\S+)?|devices:\/dev\/\S+|volumes:\/.*|(pid|ipc|uts|userns_mode|cgroup):host|ulimits:[a-z]+|extra_hosts:host-gateway|labels:[\w.-]+)$/;

/** Whether a thing is allowed. A text that names nothing allowable is a mistake: it would never have an effect. */
export function createAllowed(allow: readonly string[], findings: Findings): (thing: string) => boolean {
  const things = new Set(allow);
  for (const thing of things)
    if (!allowable.test(thing))
      findings.mistake(
        `allow ${thing}`,
        'is nothing that can be allowed',
        'write it as in services.db.cap_add:SYS_NICE',
      );
  return (thing) => things.has(thing);
}
