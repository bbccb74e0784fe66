import { label, labelsOf } from '../engine/labels.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { fetchDump } from '../sources/dump/fetch.ts';
import { dumpIsGone, openDump } from '../sources/dump/open.ts';
import type { Received } from '../sources/dump/receive.ts';
import { keepRoom, type RoomSpec, removeRoom } from '../sources/dump/room.ts';
import type { AnySource } from '../sources/store.ts';
import { type CaptureOptions, captureDatabase } from './capture/capture.ts';
import type { CaptureReport } from './capture/report.ts';
import type { SnapshotRow } from './snapshot.ts';

type Owner = Pick<SnapshotRow, 'id' | 'volume' | 'host'>;

/** Where the dump of a snapshot that is captured lies. */
export function dumpRoomOf(greenroom: Greenroom, row: Owner, where: Pick<RoomSpec, 'image' | 'network'>): RoomSpec {
  const host = hostOf(greenroom, row.host);
  return {
    host,
    container: dumpContainerOf(row),
    labels: labelsOf(host.installation, 'dump', { [label.snapshot]: row.id }),
    limitBytes: greenroom.settings.dumpMemoryBytes,
    image: where.image,
    network: where.network,
  };
}

export function dumpContainerOf({ volume }: Pick<SnapshotRow, 'volume'>): string {
  return `${volume}-dump`;
}

/**
 * Captures a snapshot of a dump: one that was sent and lies in its room, or one that is fetched now.
 * @throws as `captureDatabase`, and Problem `dump-invalid`, `too-large`, `source-unreachable`, `source-refused`
 */
export async function captureDump(
  room: RoomSpec,
  { address, dump }: Pick<AnySource, 'address' | 'dump'>,
  sent: Received | undefined,
  options: Omit<CaptureOptions, 'source' | 'dump'>,
): Promise<CaptureReport> {
  const { signal, target, database, onProgress } = options;
  const path = sent ? undefined : dump?.onHost;
  const name = path === undefined ? 'the dump that was sent' : `${address.ssh!.host}:${path}`;
  try {
    if (path !== undefined) onProgress(`fetching ${name}`);
    const received = path === undefined ? sent : await fetchDump(room, address, path, signal);
    if (!received || !(await keepRoom(room))) throw dumpIsGone(name);
    onProgress(`reading what is in ${name}`);
    const { superuser, initdbArgs } = target;
    const opened = await openDump({
      room: { ...room, superuser, initdbArgs, database },
      received,
      name,
      signal,
      onProgress,
    });
    const { limits, schemas } = address;
    return await captureDatabase({
      ...options,
      source: { ...opened.schema, ...(limits ? { limits } : {}), ...(schemas ? { schemas } : {}) },
      dump: opened,
    });
  } finally {
    // One that was sent may be needed again.
    if (path !== undefined) await removeRoom(room);
  }
}
