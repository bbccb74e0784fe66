import type { ServicePlan } from '../../compose/plan.ts';
import { removeContainer } from '../../engine/containers.ts';
import { exec } from '../../engine/exec.ts';
import type { Host } from '../../engine/host.ts';
import { label, labelFilter, labelsOf } from '../../engine/labels.ts';
import { createVolume, removeVolume } from '../../engine/volumes.ts';
import { Problem } from '../../errors.ts';
import { isHandedOver } from '../../operations/handover.ts';
import { superuserOf } from '../../stacks/database-service.ts';
import { dumpFolder, dumpVolumeOf, type Files, readFiles } from './manifest.ts';

export interface DumpOptions {
  host: Host;
  backup: string;
  /** The running database. */
  container: string;
  imageId: string;
  service: ServicePlan;
  database: string;
  /** The moment that is dumped; it has to be open in another session until this has ended. */
  exportedSnapshot: string;
  signal: AbortSignal;
}

const folder = '/dump';
const jobs = 2;
/** Level 1 takes a third of the default's time and a tenth more space. */
const compression = 1;

/**
 * Dumps a running database by the programs of its own image, in a container on its network, into a volume.
 * @throws Problem `backup-failed` with what the program says
 */
export async function takeDump(options: DumpOptions): Promise<Files> {
  const { host, backup, database, exportedSnapshot, signal } = options;
  const { docker, installation } = host;
  const volume = dumpVolumeOf(installation, backup);
  const labels = labelsOf(installation, 'backup', { [label.backup]: backup });
  await removeDump(host, backup);
  await createVolume(host, volume, labels);
  const container = await docker.createContainer({
    name: volume,
    Image: options.imageId,
    Entrypoint: ['sleep'],
    Cmd: ['infinity'],
    User: '0:0',
    Labels: labels,
    StopSignal: 'SIGKILL',
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: `container:${options.container}`,
      Mounts: [{ Type: 'volume', Source: volume, Target: folder, VolumeOptions: { NoCopy: true } as never }],
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      LogConfig: { Type: 'none', Config: {} },
    },
  });
  try {
    await container.start();
    const { user, password } = superuserOf(options.service);
    const environment = { ...(password ? { PGPASSWORD: password } : {}), PGUSER: user, PGHOST: '127.0.0.1' };
    const run = async (command: string[]) => {
      const { exitCode, stderr } = await exec(host, container.id, { command, environment, signal });
      if (exitCode === 0) return;
      const why = stderr.trim().split('\n').slice(-3).join(' ').slice(-500);
      const remedy = /timeout/.test(why)
        ? 'Somebody waits to empty or change a table that is read: let that end, then ask again.'
        : 'Check the free space of the engine’s data root, and that the image is a stock Postgres image.';
      throw new Problem('backup-failed', `${command[0]} exited with code ${exitCode}: ${why}`, { remedy });
    };
    await run([
      ...['pg_dump', '--format=directory', `--jobs=${jobs}`, `--compress=${compression}`, '--no-password'],
      ...[`--snapshot=${exportedSnapshot}`, '--lock-wait-timeout=10s', `--file=${folder}/${dumpFolder}`, database],
    ]);
    return await readFiles(host, volume, signal);
  } catch (error) {
    if (!isHandedOver(signal)) await removeDump(host, backup);
    throw error;
  } finally {
    if (!isHandedOver(signal)) await removeContainer(container);
  }
}

/** Removes a dump, and what makes one. Safe to repeat. */
export async function removeDump(host: Pick<Host, 'docker' | 'installation'>, backup: string): Promise<void> {
  // What makes, hands out or takes in a dump.
  const filters = labelFilter(labelsOf(host.installation, 'backup', { [label.backup]: backup }));
  for (const { Id } of await host.docker.listContainers({ all: true, filters }))
    await removeContainer(host.docker.getContainer(Id));
  await removeVolume(host, dumpVolumeOf(host.installation, backup));
}
