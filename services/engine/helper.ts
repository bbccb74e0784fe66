import { Problem } from '../errors.ts';
import { EngineAway } from './away.ts';
import { type ExecResult, exec } from './exec.ts';
import { type Host, ifPresent, isStatus } from './host.ts';
import { ensureImage } from './images.ts';
import { labelsOf, nameOf } from './labels.ts';

/**
 * A long-lived container that sees the engine's volumes and no network. Copying through it takes 0.2 s where a
 * throwaway container takes 0.6 s.
 * @throws EngineAway when the command was killed: the helper goes when the engine stops.
 */
export async function runInHelper(
  host: Host,
  command: string[],
  signal?: AbortSignal,
  onLine?: (line: string) => void,
): Promise<ExecResult> {
  const name = await ensureHelper(host);
  const result = await exec(host, name, { command, ...(signal ? { signal } : {}), ...(onLine ? { onLine } : {}) });
  if (result.exitCode === 0) return result;
  const helper = await ifPresent(host.docker.getContainer(name).inspect());
  if (helper?.State.Running && result.exitCode !== killed) return result;
  throw new EngineAway(
    host.docker,
    `${command[0]} was killed in greenroom's helper container: the engine stops, or lacks memory`,
  );
}

/** 128 + SIGKILL, which is also the helper's own stop signal. */
const killed = 137;

async function ensureHelper(host: Host): Promise<string> {
  const name = nameOf(host.installation, 'helper');
  const container = host.docker.getContainer(name);
  for (let attempt = 0; ; attempt++) {
    const present = await ifPresent(container.inspect());
    if (present?.State.Running) return name;
    try {
      if (!present) await createHelper(host, name);
      await container.start();
      return name;
    } catch (error) {
      // Two at once: the engine refuses the second creation (409) some time before it knows the first's container (404);
      // 304: it was started meanwhile.
      if (![304, 404, 409].some((status) => isStatus(error, status)) || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function createHelper(host: Host, name: string): Promise<void> {
  const image = await ensureImage(host, host.helperImage);
  const { DockerRootDir } = await host.docker.info();
  const volumes = `${DockerRootDir}/volumes`;
  await host.docker.createContainer({
    name,
    Image: image.Id,
    Entrypoint: ['sleep', 'infinity'],
    Cmd: [],
    User: '0:0',
    StopSignal: 'SIGKILL',
    Labels: labelsOf(host.installation, 'helper'),
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      Binds: [`${volumes}:${volumes}`],
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'],
      RestartPolicy: { Name: 'no' },
    },
  });
}

/** Where the helper sees a volume's content. @throws Problem when the volume is not a plain one of the local driver. */
export async function pathInHelper(host: Host, volume: string): Promise<string> {
  const { DockerRootDir } = await host.docker.info();
  const info = await host.docker.getVolume(volume).inspect();
  if (!info.Mountpoint.startsWith(`${DockerRootDir}/volumes/`)) {
    throw new Problem(
      'engine-failed',
      `Volume ${volume} is not under ${DockerRootDir}/volumes but at ${info.Mountpoint}`,
      {
        remedy: 'greenroom clones plain volumes of the local driver only.',
      },
    );
  }
  return info.Mountpoint;
}
