import type Docker from 'dockerode';
import type pg from 'pg';
import { containerStream } from '../engine/container-stream.ts';
import { ifPresent, isStatus } from '../engine/host.ts';
import { ensureImage } from '../engine/images.ts';
import { secretFile } from '../secrets/seal.ts';
import type { Settings } from '../settings.ts';

/** Marks greenroom's own database: it is no installation's, for the installation's id is in it. */
export const databaseLabel = 'greenroom.database';

/**
 * Starts greenroom's own Postgres in a container, or finds it, and says how to connect to it. Its data is in a volume
 * of the container's name and outlives the container; its password is in greenroom's home.
 */
export async function startOwnDatabase(
  docker: Docker,
  settings: Pick<Settings, 'databaseContainer' | 'home' | 'helperImage'>,
): Promise<pg.ClientConfig> {
  const name = settings.databaseContainer;
  const password = (await secretFile(settings.home, `${name}.password`, 24)).toString('hex');
  const container = docker.getContainer(name);
  if (!(await ifPresent(container.inspect()))) {
    const image = await ensureImage({ docker }, settings.helperImage);
    try {
      await docker.createContainer({
        name,
        Image: image.Id,
        Env: ['POSTGRES_USER=greenroom', 'POSTGRES_DB=greenroom', `POSTGRES_PASSWORD=${password}`],
        Labels: { [databaseLabel]: name },
        HostConfig: {
          Binds: [`${name}:/var/lib/postgresql/data`],
          RestartPolicy: { Name: 'unless-stopped' },
          ShmSize: 128 << 20,
        },
      });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
  }
  await ifPresent(container.start());
  // An engine that was killed leaves it stopped when it comes back, as if a person had stopped it, whatever its restart
  // policy; so whoever connects starts it again.
  const stream = containerStream({ docker }, name, 5432, () => ifPresent(container.start()));
  return { user: 'greenroom', database: 'greenroom', password, stream };
}
