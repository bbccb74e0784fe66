import { type Mistake, Problem } from '../../errors.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { serversOf } from '../../sources/replicas.ts';
import { openReading, type Reading } from './reading.ts';

/** How often a replica is read that breaks off in the middle: what conflicts with its recovery may be over the next time. */
const attempts = 2;

/**
 * Does the work on the first server that can be read: a replica that does not answer, is no replica, is too far behind or
 * breaks off is passed over for the next, the primary last. Each attempt is a whole one, on a moment of its own.
 *
 * @param name is unique to the capture.
 * @throws what the primary, or the work itself, fails with.
 */
export async function readFirst<T>(
  source: SourceAddress,
  name: string,
  signal: AbortSignal,
  work: (reading: Reading, passedOver: Mistake[]) => Promise<T>,
): Promise<T> {
  const passedOver: Mistake[] = [];
  const mayPassOver = (address: SourceAddress, error: unknown, what: string, codes: string[]) => {
    if (!address.isReplica || signal.aborted || !(error instanceof Problem) || !codes.includes(error.code))
      return false;
    passedOver.push({ where: serverOf(address), what: `${what}: ${error.message}` });
    return true;
  };
  for (const address of serversOf(source)) {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      signal.throwIfAborted();
      let reading: Reading;
      try {
        reading = await openReading(address, name);
      } catch (error) {
        if (!mayPassOver(address, error, 'the replica was passed over', ['source-unreachable', 'source-refused']))
          throw error;
        break;
      }
      try {
        return await work(reading, passedOver);
      } catch (error) {
        if (!mayPassOver(address, error, 'what was read of the replica was thrown away', ['source-unreachable']))
          throw error;
      } finally {
        await reading.close();
      }
    }
  }
  throw new Error('a source has a primary at least');
}
