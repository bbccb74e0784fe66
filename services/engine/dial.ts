import net from 'node:net';
import { messageOf, Problem } from '../errors.ts';
import type { Host } from './host.ts';

/**
 * The one way greenroom reaches a port of a container: today its bridge address, which works on `internal`
 * networks too, where published ports do not.
 *
 * @throws Problem `service-unreachable` when the container does not run or nothing answers there.
 */
export async function dial(
  host: Pick<Host, 'docker'>,
  container: string,
  port: number,
  timeoutMs = 10_000,
): Promise<net.Socket> {
  const address = await addressOf(host, container);
  return connectTo(address, port, timeoutMs);
}

/** The container's address on the first network that gives it one. */
export async function addressOf(host: Pick<Host, 'docker'>, container: string): Promise<string> {
  const info = await host.docker.getContainer(container).inspect();
  const networks = info.NetworkSettings.Networks ?? {};
  const address = Object.values(networks).find((network) => network?.IPAddress)?.IPAddress;
  // One whose engine was killed keeps the address it had.
  if (!address || !info.State.Running) {
    throw new Problem(
      'service-unreachable',
      `Container ${info.Name.slice(1)} has no address: it is ${info.State.Status}`,
    );
  }
  return address;
}

function connectTo(address: string, port: number, timeoutMs: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port, noDelay: true });
    socket.setTimeout(timeoutMs);
    const fail = (why: string) => {
      socket.destroy();
      reject(new Problem('service-unreachable', `Port ${port} of the container does not answer: ${why}`));
    };
    socket.once('timeout', () => fail(`no connection within ${timeoutMs} ms`));
    socket.once('error', (error) => fail(messageOf(error)));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
