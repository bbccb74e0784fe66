import type pg from 'pg';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import { closeSource, openSource } from '../../sources/connect.ts';
import { sourceCut } from '../../sources/errors.ts';
import { type Line, openLine } from '../../sources/line.ts';
import { openRelay, type Relay } from '../../sources/relay.ts';
import { replayDelayOf } from '../../sources/replicas.ts';

/** What a capture has open towards its source: one line, the session that exports the snapshot, the relay. */
export interface Reading {
  server: SourceAddress;
  session: pg.Client;
  /** How far the server is behind its primary, where it is a replica. */
  replayDelayMs: number | undefined;
  relay: Relay;
  /** How worker threads reach the source: through the relay where the line is SSH, so that they hold none of its secrets. */
  forWorkers: SourceAddress;
  /** Aborted with a Problem when line or session break: without the exported snapshot the rest is in vain. */
  lost: AbortSignal;
  /** Leaves the source alone. What is in flight is cut off. */
  close(): Promise<void>;
}

/** @param name is unique to the capture. @throws Problem `source-unreachable`, `source-refused`; nothing is open then */
export async function openReading(address: SourceAddress, name: string): Promise<Reading> {
  const line = await openLine(address);
  let session: pg.Client | undefined;
  try {
    session = await openSource(address, line);
    const replayDelayMs = address.isReplica ? await replayDelayOf(session, address) : undefined;
    return readingOf(address, line, session, await openRelay(address, line, name), replayDelayMs);
  } catch (error) {
    if (session) await closeSource(session);
    await line.close();
    throw line.broken.aborted ? line.broken.reason : error;
  }
}

function readingOf(
  address: SourceAddress,
  line: Line,
  session: pg.Client,
  relay: Relay,
  replayDelayMs: number | undefined,
): Reading {
  const { url, limits } = address;
  const pinned = line.pinned();
  const lost = new AbortController();
  let closing: Promise<void> | undefined;
  session.once('end', () => {
    if (!closing) lost.abort(sourceCut(new Error('the connection was closed'), serverOf(address)));
  });
  const close = async () => {
    await closeSource(session);
    await relay.close();
    await line.close();
  };
  return {
    ...{ server: address, session, replayDelayMs, relay },
    forWorkers: address.ssh
      ? { url, ...(limits ? { limits } : {}), relay: relay.folder }
      : { ...address, ...(pinned ? { pinned } : {}) },
    lost: AbortSignal.any([line.broken, lost.signal]),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
