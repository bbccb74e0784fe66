import { Problem } from '../errors.ts';
import { type ExecResult, exec } from './exec.ts';
import { type Host, ifPresent, isStatus } from './host.ts';
import { ensureImage } from './images.ts';
import { labelsOf, nameOf } from './labels.ts';

/**
 * A long-lived container that sees the engine's volumes and no network. Copying through it takes 0.2 s where a
 * throwaway container takes 0.6 s.
 */
export async function runInHelper(host: Host, command: string[], signal?: AbortSignal): Promise<ExecResult> {
  const name = await ensureHelper(host);
  return exec(host, name, { command, ...(signal ? { signal } : {}) });
}

async function ensureHelper(host: Host): Promise<string> {
  const name = nameOf(host.installation, 'helper');
  const container = host.docker.getContainer(name);
  const present = await ifPresent(container.inspect());
  if (present?.State.Running) return name;
  if (present) {
    await ifPresent(container.start());
    return name;
  }
  const image = await ensureImage(host, host.helperImage);
  const { DockerRootDir } = await host.docker.info();
  const volumes = `${DockerRootDir}/volumes`;
  try {
    const created = await host.docker.createContainer({
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
    await created.start();
  } catch (error) {
    // Another process of this installation made it at the same time.
    if (!isStatus(error, 409)) throw error;
    await ifPresent(container.start());
  }
  return name;
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
