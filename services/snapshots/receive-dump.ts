import type { IncomingMessage } from 'node:http';
import type { components } from '../../openapi/types.ts';
import { ensureImage } from '../engine/images.ts';
import { Problem } from '../errors.ts';
import { hostOf, type RunningGreenroom } from '../greenroom.ts';
import type { Operation } from '../operations/kind.ts';
import type { Asker } from '../operations/request.ts';
import { receiveDump, tooLarge } from '../sources/dump/receive.ts';
import { removeRoom } from '../sources/dump/room.ts';
import { dumpRoomOf } from './capture-dump.ts';
import { workNetwork } from './capture-operation.ts';
import { checkCapture, insertCapture, newSnapshot } from './snapshot.ts';

/**
 * Takes a dump that is sent into memory, and asks for it to be captured once it is there whole. Nothing of it stays when
 * greenroom ends before that.
 *
 * @throws Problem `not-found`, `conflict`, `dump-invalid`, `too-large`
 */
export async function requestDumpCapture(
  greenroom: RunningGreenroom,
  wish: components['schemas']['NewSnapshot'],
  body: IncomingMessage,
  { sha256 }: { sha256?: string },
  asker: Asker,
): Promise<Operation> {
  try {
    const { source, service } = await checkCapture(greenroom, wish);
    if (!source.dump || source.dump.onHost !== undefined) {
      const what = source.dump ? 'is fetched from its SSH host' : 'is a server';
      throw new Problem('conflict', `Source ${wish.source} ${what}: no dump can be sent for it`, {
        where: wish.source,
        remedy: 'POST /v1/snapshots captures it; a source with dump: {} takes dumps that are sent.',
      });
    }
    const { dumpMemoryBytes } = greenroom.settings;
    const unpackedAtLeast = Number(body.headers['content-length'] ?? 0);
    if (unpackedAtLeast > dumpMemoryBytes) throw tooLarge(dumpMemoryBytes);
    const row = newSnapshot(greenroom);
    const host = hostOf(greenroom, row.host);
    const image = (await ensureImage(host, service.image)).Id;
    const room = dumpRoomOf(greenroom, row, { image, network: await workNetwork(greenroom, host) });
    // Who sends it would be cut off in the middle, and never read why.
    const content = body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    const dump = await receiveDump(room, content, sha256);
    try {
      return await insertCapture(greenroom, wish, row, asker, { dump });
    } catch (error) {
      await removeRoom(room);
      throw error;
    }
  } catch (error) {
    body.resume();
    if (error instanceof Problem || !body.errored) throw error;
    throw new Problem('invalid-request', 'The dump was broken off before its end', { remedy: 'Send it again.' });
  }
}
