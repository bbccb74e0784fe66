import { randomBytes } from 'node:crypto';
import { addressOf } from '../../services/engine/dial.ts';
import { ifPresent } from '../../services/engine/host.ts';
import { docker, type TestPostgres } from './postgres.ts';
import { until } from './service.ts';

const image = 'greenroom-test-pgbouncer:trixie';

/** A throwaway PgBouncer before a server, in transaction mode. */
export interface Pooler {
  url(database: string, login: { user: string; password: string }): string;
  remove(): Promise<void>;
}

/** @param logins who may log in to it, and through it. */
export async function startPooler(server: TestPostgres, logins: { user: string; password: string }[]): Promise<Pooler> {
  const list = logins.map(({ user, password }) => `"${user}" "${password}"`).join('\n');
  const container = await docker.createContainer({
    name: `greenroom-test-pgbouncer-${randomBytes(4).toString('hex')}`,
    Image: image,
    Env: [`SERVER=${server.address}`, `LOGINS=${list}`],
    Labels: { 'greenroom.test': '1' },
  });
  const remove = async () => void (await ifPresent(container.remove({ force: true, v: true })));
  try {
    await container.start();
    await until(async () =>
      (await container.logs({ stdout: true, stderr: true })).toString('utf8').includes('process up'),
    );
    const address = await addressOf({ docker }, container.id);
    return {
      url: (database, { user, password }) => `postgres://${user}:${password}@${address}:5432/${database}`,
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
