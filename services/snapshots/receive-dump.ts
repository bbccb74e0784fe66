import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import type { components } from '../../openapi/types.ts';
import { ensureImage } from '../engine/images.ts';
import { Problem } from '../errors.ts';
import { hostOf, type RunningGreenroom } from '../greenroom.ts';
import type { Operation } from '../operations/kind.ts';
import type { Asker } from '../operations/request.ts';
import { receiveDump, tooLarge } from '../sources/dump/receive.ts';
import { keepRoom, removeRoom } from '../sources/dump/room.ts';
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
  const content = new PassThrough();
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
    const dump = await receiveDump(room, feed(body, content), sha256);
    try {
      const operation = await insertCapture(greenroom, wish, row, asker, { dump });
      // Not before somebody knows of it; the operation does it, too.
      await keepRoom(room);
      return operation;
    } catch (error) {
      await removeRoom(room);
      throw error;
    }
  } catch (error) {
    body.unpipe(content);
    body.resume();
    throw error;
  }
}

/** No pipeline: that would cut the sender off in the middle, who then never reads why. */
function feed(body: IncomingMessage, content: PassThrough): PassThrough {
  const brokenOff = () =>
    content.destroy(
      new Problem('invalid-request', 'The dump was broken off before its end', { remedy: 'Send it again.' }),
    );
  if (body.destroyed) brokenOff();
  body.once('close', () => body.readableEnded || brokenOff());
  return body.pipe(content);
}
