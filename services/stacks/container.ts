import type { Container, ContainerCreateOptions } from 'dockerode';
import type { Mount, ServicePlan } from '../compose/plan.ts';
import { removeContainer } from '../engine/containers.ts';
import { type Host, ifPresent, isStatus } from '../engine/host.ts';
import { composeLabel, label } from '../engine/labels.ts';
import { Problem } from '../errors.ts';
import { copyFiles } from './files.ts';
import { composeProjectOf, containerNameOf, networkNameOf, stackLabels, volumeNameOf } from './names.ts';

/** What every container gets where the file sets no limit: enough for any service, too few for a fork bomb. */
const defaultPidsLimit = 4096;
const logLimits = { 'max-size': '10m', 'max-file': '3' };

/**
 * Creates a service's container, or keeps the one that is there, running or stopped, when nothing it was made from has
 * changed. It is connected to its networks and has its files; a new one does not run yet.
 */
export async function ensureContainer(
  host: Host,
  stack: string,
  service: ServicePlan,
  imageId: string,
): Promise<Container> {
  const name = containerNameOf(host.installation, stack, service.name);
  const present = await ifPresent(host.docker.getContainer(name).inspect());
  if (present) {
    const same = present.Config.Labels[composeLabel.configHash] === service.configHash && present.Image === imageId;
    const container = host.docker.getContainer(present.Id);
    const { Running: running, Status: status } = present.State;
    if (same && (running || status === 'created' || status === 'exited')) {
      if (status === 'created') await finish(host, stack, service, container);
      return container;
    }
    // With its grace: a database that is killed has to recover, and loses its unlogged tables.
    if (running) await ifPresent(container.stop());
    await removeContainer(container);
  }
  const container = await host.docker.createContainer(optionsOf(host, stack, service, imageId, name));
  await finish(host, stack, service, container);
  return container;
}

/** What engine 20.10 cannot do in the create call: more than one network, and files. Safe to repeat. */
async function finish(host: Host, stack: string, service: ServicePlan, container: Container): Promise<void> {
  for (const network of service.networks.slice(1)) {
    const name = networkNameOf(host.installation, stack, network.name);
    try {
      await host.docker
        .getNetwork(name)
        .connect({ Container: container.id, EndpointConfig: { Aliases: [service.name, ...network.aliases] } });
    } catch (error) {
      // 403: it is connected already.
      if (!isStatus(error, 403)) throw error;
    }
  }
  const files = service.mounts.filter((mount) => mount.type === 'file');
  if (service.readOnly && files.length > 0) {
    // The engine copies nothing into a container whose root file system is read-only.
    throw new Problem(
      'compose-invalid',
      `Service ${service.name} is read_only and has configs, secrets or files of the bundle`,
      {
        where: `services.${service.name}.read_only`,
        remedy: 'Leave read_only out for this service, or hand it the content by environment variables.',
      },
    );
  }
  await copyFiles(container, files);
}

function optionsOf(
  host: Host,
  stack: string,
  service: ServicePlan,
  imageId: string,
  name: string,
): ContainerCreateOptions {
  const { installation } = host;
  const first = service.networks[0];
  const firstNetwork = first && networkNameOf(installation, stack, first.name);
  const health = service.healthcheck;
  const namespaces = service.namespaces ?? {};
  return {
    name,
    Image: imageId,
    ...(service.command ? { Cmd: service.command } : {}),
    ...(service.entrypoint ? { Entrypoint: service.entrypoint } : {}),
    Env: Object.entries(service.environment).map(([key, value]) => `${key}=${value}`),
    ...(service.user ? { User: service.user } : {}),
    ...(service.workingDir ? { WorkingDir: service.workingDir } : {}),
    ...(service.hostname ? { Hostname: service.hostname } : {}),
    ...(service.domainname ? { Domainname: service.domainname } : {}),
    ...(service.stopSignal ? { StopSignal: service.stopSignal } : {}),
    ...(service.stopGracePeriodMs ? { StopTimeout: Math.ceil(service.stopGracePeriodMs / 1000) } : {}),
    Tty: service.tty,
    OpenStdin: service.stdinOpen,
    Labels: {
      ...service.labels,
      ...stackLabels(installation, stack),
      [label.service]: service.name,
      [composeLabel.service]: service.name,
      [composeLabel.configHash]: service.configHash,
      [composeLabel.image]: imageId,
      [composeLabel.containerNumber]: '1',
      [composeLabel.oneoff]: 'False',
      [composeLabel.workingDir]: `/${composeProjectOf(installation, stack)}`,
      [composeLabel.configFiles]: 'compose.yaml',
    },
    ...(health
      ? {
          Healthcheck: {
            ...(health.test ? { Test: health.test } : {}),
            ...nanoseconds('Interval', health.intervalMs),
            ...nanoseconds('Timeout', health.timeoutMs),
            ...nanoseconds('StartPeriod', health.startPeriodMs),
            ...nanoseconds('StartInterval', health.startIntervalMs),
            ...(health.retries === undefined ? {} : { Retries: health.retries }),
          },
        }
      : {}),
    HostConfig: {
      Mounts: service.mounts.flatMap((mount) => mountOf(mount, installation, stack)),
      NetworkMode: firstNetwork ?? service.networkMode ?? 'none',
      RestartPolicy: {
        Name: service.restart.policy === 'no' ? '' : service.restart.policy,
        ...(service.restart.maxRetries ? { MaximumRetryCount: service.restart.maxRetries } : {}),
      },
      Init: service.init,
      Privileged: service.privileged,
      ReadonlyRootfs: service.readOnly,
      CapAdd: service.capAdd,
      CapDrop: service.capDrop,
      SecurityOpt: service.securityOpt,
      Devices: service.devices.map((device) => {
        const [onHost, inContainer = onHost, permissions = 'rwm'] = device.split(':');
        return { PathOnHost: onHost!, PathInContainer: inContainer!, CgroupPermissions: permissions };
      }),
      GroupAdd: service.groupAdd,
      Ulimits: service.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
      Sysctls: service.sysctls,
      ExtraHosts: service.extraHosts,
      Dns: service.dns,
      DnsSearch: service.dnsSearch,
      DnsOptions: service.dnsOptions ?? [],
      ...(namespaces.pid ? { PidMode: namespaces.pid } : {}),
      ...(namespaces.ipc ? { IpcMode: namespaces.ipc } : {}),
      ...(namespaces.uts ? { UTSMode: namespaces.uts } : {}),
      ...(namespaces.userns ? { UsernsMode: namespaces.userns } : {}),
      ...(namespaces.cgroup ? { CgroupnsMode: namespaces.cgroup } : {}),
      PidsLimit: service.pidsLimit ?? defaultPidsLimit,
      LogConfig: { Type: 'json-file', Config: logLimits },
      ...(service.memoryBytes ? { Memory: service.memoryBytes } : {}),
      ...(service.memoryReservationBytes ? { MemoryReservation: service.memoryReservationBytes } : {}),
      ...(service.cpus ? { NanoCpus: Math.round(service.cpus * 1e9) } : {}),
      ...(service.shmSizeBytes ? { ShmSize: service.shmSizeBytes } : {}),
    },
    ...(first && firstNetwork
      ? { NetworkingConfig: { EndpointsConfig: { [firstNetwork]: { Aliases: [service.name, ...first.aliases] } } } }
      : {}),
  };
}

/** Compose's durations are milliseconds here, the engine's nanoseconds. */
function nanoseconds<Key extends string>(key: Key, ms: number | undefined): { [key in Key]?: number } {
  return ms === undefined ? {} : ({ [key]: ms * 1e6 } as { [key in Key]: number });
}

type EngineMounts = NonNullable<NonNullable<ContainerCreateOptions['HostConfig']>['Mounts']>;

function mountOf(mount: Mount, installation: string, stack: string): EngineMounts {
  switch (mount.type) {
    case 'volume':
      return [
        {
          Type: 'volume',
          Source: mount.volume === undefined ? '' : volumeNameOf(installation, stack, mount.volume),
          Target: mount.target,
          ReadOnly: mount.readOnly,
          ...(mount.noCopy ? { VolumeOptions: { NoCopy: true } as never } : {}),
        },
      ];
    case 'bind':
      return [{ Type: 'bind', Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly }];
    case 'tmpfs':
      return [
        {
          Type: 'tmpfs',
          Source: '',
          Target: mount.target,
          TmpfsOptions: { SizeBytes: mount.sizeBytes ?? 0, Mode: mount.mode ?? 0o1777 },
        },
      ];
    case 'file':
      return [];
  }
}
