import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type SourceAddress, serverAddressOf, serverOf } from './address.ts';
import { sourceProblem } from './errors.ts';

/** The way to a source's server for as long as one piece of work takes. */
export interface Line {
  /** A new connection to the server's port, before any TLS. @throws Problem `source-unreachable`, `source-refused` */
  connect(): Promise<Duplex>;
  /** Aborted with a Problem `source-unreachable` when the line breaks, and with it every connection. */
  broken: AbortSignal;
  close(): Promise<void>;
}

export const connectTimeoutMs = 10_000;
/** What libpq makes of a folder and the default port. */
export const socketName = '.s.PGSQL.5432';

/** @throws Problem `source-unreachable`, `source-refused` of the SSH hosts */
export async function openLine(address: SourceAddress): Promise<Line> {
  const server = serverOf(address);
  if (address.relay !== undefined) return directLine({ path: join(address.relay, socketName) }, server);
  const { host, port } = serverAddressOf(address);
  if (address.ssh) {
    // Loaded only here: it takes every thread 20 MB and a tenth of a second, and copying threads go through the relay.
    const { openSsh } = await import('./ssh/connection.ts');
    const ssh = await openSsh(address.ssh, address.agentSocket);
    return { connect: () => ssh.forward(host, port), broken: ssh.broken, close: ssh.close };
  }
  return directLine(host.startsWith('/') ? { path: join(host, `.s.PGSQL.${port}`) } : { host, port }, server);
}

function directLine(target: net.NetConnectOpts, server: string): Line {
  return {
    async connect() {
      const socket = net.connect({ ...target, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
      const late = AbortSignal.timeout(connectTimeoutMs);
      try {
        await once(socket, 'connect', { signal: late });
        return socket;
      } catch (error) {
        socket.on('error', () => {}).destroy();
        throw sourceProblem(late.aborted ? new Error(`no connection within ${connectTimeoutMs} ms`) : error, server);
      }
    },
    broken: new AbortController().signal,
    async close() {},
  };
}
