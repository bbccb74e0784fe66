import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { parse } from 'pg-connection-string';
import type { SourceAddress } from './connect.ts';

export interface Relay {
  /** A folder with the socket `.s.PGSQL.5432` in it, to be mounted into the container that dumps. */
  folder: string;
  /** What libpq needs there: everything but the host. The password is for one exec's environment only. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Lets a container reach a source through greenroom's own connection and no other: a unix socket in a folder only its
 * owner may enter. TLS towards the source ends here. `name` is unique to the job: what a killed attempt left is replaced.
 */
export async function openRelay(address: SourceAddress, name: string): Promise<Relay> {
  const target = parse(address.url);
  const folder = relayFolderOf(name);
  await removeRelay(name);
  await mkdir(folder, { mode: 0o700 });
  const sockets = new Set<net.Socket>();
  const server = net.createServer((inner) => {
    const track = (socket: net.Socket) => {
      sockets.add(socket);
      socket.on('error', () => inner.destroy());
      socket.on('close', () => sockets.delete(socket));
    };
    track(inner);
    const outer = net.connect({ host: target.host ?? 'localhost', port: Number(target.port || 5432), noDelay: true });
    track(outer);
    outer.once('connect', async () => {
      try {
        const stream = target.ssl
          ? await upgrade(outer, target.host ?? 'localhost', target.ssl as true | tls.ConnectionOptions)
          : outer;
        if (stream !== outer) track(stream);
        inner.pipe(stream).pipe(inner);
      } catch {
        inner.destroy();
        outer.destroy();
      }
    });
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
  });
  server.listen(join(folder, '.s.PGSQL.5432'));
  await once(server, 'listening');
  return {
    folder,
    environment: {
      PGUSER: target.user ?? '',
      PGDATABASE: target.database ?? '',
      PGPASSWORD: target.password ?? '',
      PGOPTIONS: '-c default_transaction_read_only=on -c lock_timeout=10s',
      PGAPPNAME: 'greenroom',
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Removes what a killed process left of a relay. */
export async function removeRelay(name: string): Promise<void> {
  await rm(relayFolderOf(name), { recursive: true, force: true });
}

/** Short, because a unix socket's path may have 107 characters. */
function relayFolderOf(name: string): string {
  return join(tmpdir(), `greenroom-source-${name}`);
}

async function upgrade(
  socket: net.Socket,
  host: string,
  options: true | tls.ConnectionOptions,
): Promise<tls.TLSSocket> {
  socket.write(sslRequest);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (answer[0] !== 0x53) throw new Error('The source does not speak TLS');
  const secure = tls.connect({
    ...(options === true ? {} : options),
    socket,
    ...(net.isIP(host) ? {} : { servername: host }),
  });
  await once(secure, 'secureConnect');
  return secure;
}
