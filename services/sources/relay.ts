import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { parse } from 'pg-connection-string';
import type { SourceAddress } from './address.ts';
import { withoutChannelBinding } from './channel-binding.ts';
import { connectSource } from './connect.ts';
import { type Line, socketName } from './line.ts';

export interface Relay {
  /** A folder with the socket `.s.PGSQL.5432` in it, to be mounted into the container that dumps. */
  folder: string;
  /** What libpq needs there: everything but the host. The password is for one exec's environment only. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

/**
 * Lets a container, and worker threads, reach a source through greenroom's own line and no other: a unix socket in a
 * folder only its owner may enter. TLS towards the source ends here. `name` is unique to the job: what a killed attempt
 * left is replaced.
 */
export async function openRelay(address: SourceAddress, line: Line, name: string): Promise<Relay> {
  const target = parse(address.url);
  const folder = relayFolderOf(name);
  await removeRelay(name);
  await mkdir(folder, { mode: 0o700 });
  const streams = new Set<Duplex>();
  let closed = false;
  const track = (stream: Duplex, other?: Duplex) => {
    streams.add(stream);
    stream.on('error', () => other?.destroy());
    stream.on('close', () => {
      streams.delete(stream);
      other?.destroy();
    });
  };
  const server = net.createServer(async (inner) => {
    track(inner);
    try {
      const outer = await connectSource(address, line);
      track(outer, inner);
      inner.on('close', () => outer.destroy());
      if (closed || inner.destroyed) outer.destroy();
      else {
        inner.pipe(outer);
        outer.pipe(withoutChannelBinding()).pipe(inner);
      }
    } catch {
      inner.destroy();
    }
  });
  server.listen(join(folder, socketName));
  await once(server, 'listening');
  return {
    folder,
    environment: {
      PGUSER: target.user ?? '',
      PGDATABASE: target.database ?? '',
      PGPASSWORD: target.password ?? '',
      PGOPTIONS: '-c default_transaction_read_only=on',
      PGAPPNAME: 'greenroom',
    },
    async close() {
      closed = true;
      server.close();
      for (const stream of streams) stream.destroy();
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
