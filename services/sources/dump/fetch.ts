import type { SourceAddress } from '../address.ts';
import { openSsh } from '../ssh/connection.ts';
import { type Received, receiveDump } from './receive.ts';
import type { RoomSpec } from './room.ts';

/**
 * Fetches a dump from the SSH host of a source into a room: a file as it is, a folder as a tar archive.
 * @throws Problem `dump-invalid`, `too-large`, `source-unreachable`, `source-refused`
 */
export async function fetchDump(
  room: RoomSpec,
  { ssh, agentSocket }: Omit<SourceAddress, 'url'>,
  path: string,
  signal: AbortSignal,
): Promise<Received> {
  const connection = await openSsh(ssh!, agentSocket);
  const stop = () => void connection.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await receiveDump(room, connection.read(commandFor(path), path));
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    await connection.close();
  }
}

function commandFor(path: string): string {
  const quoted = `'${path.replaceAll("'", `'\\''`)}'`;
  return `if [ -d ${quoted} ]; then exec tar -C ${quoted} -cf - .; else exec cat ${quoted}; fi`;
}
