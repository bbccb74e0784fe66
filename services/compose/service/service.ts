import { configHash } from '../hash.ts';
import { limits } from '../limits.ts';
import type { ServicePlan } from '../plan.ts';
import { listAt, textOf } from '../tree.ts';
import { readDependencies } from './dependencies.ts';
import { readDuration } from './duration.ts';
import { readEnvironment } from './environment.ts';
import { readHealthcheck } from './healthcheck.ts';
import { readExtraHosts, readNames } from './hosts.ts';
import { readServiceLabels } from './labels.ts';
import { readMounts } from './mounts.ts';
import { checkHostName, readNetworks } from './networks.ts';
import { checkPorts } from './ports.ts';
import { readPrivileges } from './privileges.ts';
import { readResources, readUlimits } from './resources.ts';
import { readRestart } from './restart.ts';
import type { ServiceScope } from './scope.ts';
import { readBoolean } from './values.ts';
import { readCommand } from './words.ts';

/** A service as it will be created, from its merged and schema-valid definition; the hash is still to come. */
export type ServiceDraft = Omit<ServicePlan, 'configHash'>;

export function readService(scope: ServiceScope): ServiceDraft {
  const { name, service, where, findings } = scope;
  const flag = (key: string) => readBoolean(service[key], `${where}.${key}`, findings) ?? false;
  const hostname = textOf(service.hostname);
  const domainname = textOf(service.domainname);
  if (hostname) checkHostName(scope, hostname, `${where}.hostname`);
  if (domainname) checkHostName(scope, domainname, `${where}.domainname`);
  const command = readCommand(service.command, `${where}.command`, findings);
  const entrypoint = readCommand(service.entrypoint, `${where}.entrypoint`, findings);
  const healthcheck = readHealthcheck(scope);
  const stopGracePeriodMs = readStopGracePeriod(scope);
  const dnsOptions = readNames(scope, 'dns_opt');
  checkPorts(scope);
  return {
    name,
    image: readImage(scope),
    ...(command ? { command } : {}),
    ...(entrypoint ? { entrypoint } : {}),
    environment: readEnvironment(scope),
    ...optional('user', textOf(service.user)),
    ...optional('workingDir', textOf(service.working_dir)),
    ...optional('hostname', hostname),
    ...optional('domainname', domainname),
    init: flag('init'),
    tty: flag('tty'),
    stdinOpen: flag('stdin_open'),
    readOnly: flag('read_only'),
    labels: readServiceLabels(scope),
    ...optional('stopSignal', readStopSignal(scope)),
    ...(stopGracePeriodMs === undefined ? {} : { stopGracePeriodMs }),
    restart: readRestart(scope),
    ...(healthcheck ? { healthcheck } : {}),
    dependsOn: readDependencies(scope),
    ...readNetworks(scope),
    mounts: readMounts(scope),
    ...readResources(scope),
    ...readPrivileges(scope),
    groupAdd: listAt(service, 'group_add').map(textOf),
    ulimits: readUlimits(scope),
    extraHosts: readExtraHosts(scope),
    dns: readNames(scope, 'dns'),
    dnsSearch: readNames(scope, 'dns_search'),
    ...(dnsOptions.length > 0 ? { dnsOptions } : {}),
  };
}

export function finish(draft: ServiceDraft): ServicePlan {
  return { ...draft, configHash: configHash(draft) };
}

/**
 * An image id, or a reference as https://github.com/distribution/reference writes them. The engine is asked for it in a
 * URL's path, so anything looser could lead the request elsewhere.
 */
const isImageReference = (() => {
  const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
  const host = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?';
  const name = `(?:${host}/)?${component}(?:/${component})*`;
  const reference = new RegExp(`^(?:sha256:[0-9a-f]{64}|(${name})(?::\\w[\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?)$`);
  return (text: string) =>
    text.length <= 500 && (reference.exec(text)?.[1] ?? '').length <= 255 && reference.test(text);
})();

/** The release's image, or the file's own. */
function readImage(scope: ServiceScope): string {
  const { service, where, findings, release } = scope;
  const image = release?.image ?? textOf(service.image);
  if (image === '' && service.build !== undefined && !scope.released)
    findings.replace(where, 'is built, but nothing is built here: its image comes with each release');
  else if (image === '')
    findings.mistake(
      where,
      service.build === undefined
        ? 'has no image'
        : 'is built, but nothing is built here and the release has no image for it',
      `name its image in the release, or give it an image key`,
    );
  else if (!isImageReference(image)) findings.mistake(`${where}.image`, 'is not the name of an image');
  if (release?.image !== undefined && service.image !== undefined && release.image !== service.image)
    findings.replace(`${where}.image`, "the release's image is used");
  return image;
}

function readStopSignal(scope: ServiceScope): string {
  const signal = textOf(scope.service.stop_signal);
  if (!/^((SIG)?[A-Z][A-Z0-9+-]{1,20}|\d{1,2})?$/i.test(signal))
    scope.findings.mistake(`${scope.where}.stop_signal`, 'must be a signal such as SIGINT');
  return signal;
}

function readStopGracePeriod(scope: ServiceScope): number | undefined {
  const where = `${scope.where}.stop_grace_period`;
  const ms = readDuration(scope.service.stop_grace_period, where, scope.findings);
  if (ms === undefined || ms <= limits.stopGraceMs) return ms;
  scope.findings.replace(where, `${limits.stopGraceMs / 60_000} minutes are waited at most`);
  return limits.stopGraceMs;
}

function optional<K extends string>(key: K, text: string): { [P in K]?: string } {
  return text === '' ? {} : ({ [key]: text } as { [P in K]: string });
}
