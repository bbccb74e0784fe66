import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { addressOf } from '../../services/engine/dial.ts';
import { ifPresent } from '../../services/engine/host.ts';
import { docker, image, type TestPostgres } from './postgres.ts';
import { until } from './service.ts';

/** A streaming replica in a container of its own, which gives up whoever stands in the way of its recovery at once. */
export async function startReplica(
  primary: TestPostgres,
): Promise<Pick<TestPostgres, 'container' | 'address' | 'url' | 'connect' | 'remove'>> {
  await primary.run(['sh', '-c', 'echo "host replication all all scram-sha-256" >>"$PGDATA/pg_hba.conf"']);
  await primary.run(['psql', '-XqU', primary.superuser, '-c', 'SELECT pg_reload_conf()']);
  const settings = ['max_standby_streaming_delay=0', 'hot_standby_feedback=off', 'listen_addresses=*', 'fsync=off'];
  const script = `rm -rf "$PGDATA"/* && pg_basebackup -h ${primary.address} -U ${primary.superuser} -D "$PGDATA" -R -c fast &&
    chmod 700 "$PGDATA" && exec postgres ${settings.map((setting) => `-c '${setting}'`).join(' ')}`;
  const container = await docker.createContainer({
    name: `greenroom-test-replica-${randomBytes(4).toString('hex')}`,
    Image: image,
    User: 'postgres',
    Entrypoint: ['sh', '-c', script],
    Cmd: [],
    Env: [`PGPASSWORD=${primary.password}`],
    Labels: { 'greenroom.test': '1' },
    HostConfig: { ShmSize: 256 << 20 },
  });
  const remove = async () => void (await ifPresent(container.remove({ force: true, v: true })));
  try {
    await container.start();
    const address = await addressOf({ docker }, container.id);
    const connect = async (database: string) => {
      const { superuser: user, password } = primary;
      const client = new pg.Client({ host: address, user, password, database });
      client.on('error', () => {});
      await client.connect();
      return client;
    };
    await until(async () => {
      const client = await connect('postgres').catch(() => undefined);
      await client?.end();
      return client !== undefined;
    });
    const url: TestPostgres['url'] = (...which) => primary.url(...which).replace(primary.address, address);
    return { container: container.id, address, url, connect, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
