import net from 'node:net';
import { addressOf } from './dial.ts';
import type { Host } from './host.ts';

/**
 * What `pg` takes as `stream`: sockets that look the container's address up each time they connect, because it changes
 * when the engine restarts.
 *
 * @param prepare is awaited each time before that.
 */
export function containerStream(
  host: Pick<Host, 'docker'>,
  container: string,
  port: number,
  prepare: () => Promise<unknown> = async () => {},
): () => net.Socket {
  return () => {
    const socket = new net.Socket();
    const connect = net.Socket.prototype.connect.bind(socket) as (options: net.TcpNetConnectOpts) => net.Socket;
    socket.connect = () => {
      prepare()
        .then(() => addressOf(host, container))
        .then(
          (address) => connect({ host: address, port }),
          (error) => socket.destroy(error),
        );
      return socket;
    };
    return socket;
  };
}
