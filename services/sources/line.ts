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
  /**
   * The network address it has connected to: every connection goes to that one, because a name may stand for several
   * servers and a snapshot is known on one. Undefined before the first, through SSH, and for a socket.
   */
  pinned(): string | undefined;
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
  if (address.relay !== undefined) return socketLine(join(address.relay, socketName), server);
  const { host, port } = serverAddressOf(address);
  if (address.ssh) {
    // Loaded only here: it takes every thread 20 MB and a tenth of a second, and copying threads go through the relay.
    const { openSsh } = await import('./ssh/connection.ts');
    const ssh = await openSsh(address.ssh, address.agentSocket);
    const { forward, broken, close } = ssh;
    return { connect: () => forward(host, port), pinned: () => undefined, broken, close };
  }
  if (host.startsWith('/')) return socketLine(join(host, `.s.PGSQL.${port}`), server);
  let { pinned } = address;
  const connect = async () => {
    const socket = await connectTo({ host: pinned ?? host, port }, server);
    pinned ??= socket.remoteAddress;
    return socket;
  };
  return { ...direct, connect, pinned: () => pinned };
}

function socketLine(path: string, server: string): Line {
  return { ...direct, connect: () => connectTo({ path }, server), pinned: () => undefined };
}

/** There is nothing but its connections. */
const direct = { broken: new AbortController().signal, async close() {} };

async function connectTo(target: net.NetConnectOpts, server: string): Promise<net.Socket> {
  const socket = net.connect({ ...target, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
  const late = AbortSignal.timeout(connectTimeoutMs);
  try {
    await once(socket, 'connect', { signal: late });
    return socket;
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw sourceProblem(late.aborted ? new Error(`no connection within ${connectTimeoutMs} ms`) : error, server);
  }
}
