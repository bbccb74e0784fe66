import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ServicePlan } from '../compose/plan.ts';
import { EngineAway, stoppedFromOutside } from '../engine/away.ts';
import { containerStream } from '../engine/container-stream.ts';
import { exec } from '../engine/exec.ts';
import type { Host } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import { superuserOf } from '../stacks/database-service.ts';

/** greenroom's own connections to a stack's or a clone's database say so; any other session is somebody else's. */
export const ownApplicationName = 'greenroom itself';

const startTimeoutMs = 120_000;

/**
 * Connects to the database in a container as the service's superuser. Sessions end soon after greenroom is gone, even
 * in the middle of a statement.
 */
export async function connectDatabase(
  host: Pick<Host, 'docker'>,
  container: string,
  service: ServicePlan,
  database: string,
): Promise<pg.Client> {
  const client = new pg.Client({
    ...superuserOf(service),
    database,
    stream: containerStream(host, container, 5432),
    application_name: ownApplicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on('error', () => {});
  await client.connect();
  // Since Postgres 14: https://www.postgresql.org/docs/14/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL
  await client.query(
    `SELECT set_config(name, '1000', false) FROM pg_settings WHERE name = 'client_connection_check_interval'`,
  );
  return client;
}

/** Waits until the server in a container answers on its own socket. @throws Problem `snapshot-incompatible`, `timed-out` */
export async function untilItAnswers(host: Host, container: string, signal?: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; ; ) {
    signal?.throwIfAborted();
    const { State: state } = await host.docker.getContainer(container).inspect();
    if (!state.Running) {
      const { ExitCode: code, OOMKilled: outOfMemory } = state;
      // Nothing is wrong with the data.
      if (outOfMemory || stoppedFromOutside(state)) {
        const why = outOfMemory ? 'out of memory' : `exit code ${code}`;
        throw new EngineAway(host.docker, `Postgres on the clone was stopped from outside (${why})`);
      }
      throw new Problem('snapshot-incompatible', `Postgres on the clone exited with code ${state.ExitCode}`, {
        where: 'x-greenroom.database',
        remedy: 'The image has to start on the data with the command the file gives it.',
      });
    }
    if (await answersSoon(host, container)) return;
    if (Date.now() > deadline)
      throw new Problem('timed-out', `Postgres on the clone does not answer after ${startTimeoutMs / 1000} s`);
  }
}

/** Whether the server answers on its own socket within two seconds: one exec, because each costs the engine 100 ms of CPU. */
export async function answersSoon(host: Pick<Host, 'docker'>, container: string): Promise<boolean> {
  const command = ['sh', '-c', 'for i in $(seq 40); do pg_isready -q && exit 0; sleep 0.05; done; exit 1'];
  // A container that ends meanwhile breaks the exec off; its state is looked at next.
  const result = await exec(host, container, { command }).catch(() => sleep(50));
  return result?.exitCode === 0;
}
