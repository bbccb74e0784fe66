import { query, queryOne } from '../database/queries.ts';
import type { Host } from '../engine/host.ts';
import { ensureImage } from '../engine/images.ts';
import { label, labelsOf, nameOf } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/subnets.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { withLocale } from '../masking/policy/policy.ts';
import { type SourceSchema, schemaChanges } from '../masking/policy/schema-changes.ts';
import type { OperationKind } from '../operations/kind.ts';
import { planOf } from '../projects/projects.ts';
import type { Received } from '../sources/dump/receive.ts';
import { removeRoom } from '../sources/dump/room.ts';
import { removeRelay } from '../sources/relay.ts';
import { openAnySource } from '../sources/store.ts';
import { dataMountOf, pgdataOf } from '../stacks/data-mount.ts';
import { captureDatabase } from './capture/capture.ts';
import { removeTarget } from './capture/target.ts';
import { captureDump, dumpContainerOf, dumpRoomOf } from './capture-dump.ts';
import { describeSnapshot } from './report/described-snapshot.ts';
import { getSnapshotRow, type SnapshotRow } from './snapshot.ts';

/** Captures a snapshot into the volume its record names. A resumed capture begins anew: the source's snapshot is gone. */
export function captureSnapshot(greenroom: Greenroom): OperationKind<{ snapshot: string; dump?: Received }> {
  const { pool } = greenroom;
  return {
    async run({ snapshot, dump: sent }, context) {
      const row = await getSnapshotRow(pool, snapshot);
      const host = hostOf(greenroom, row.host);
      const plan = await planOf(greenroom, row.project);
      const section = plan.greenroom.database!;
      const service = plan.services.find(({ name }) => name === section.service)!;

      const image = await context.step('image', async () => (await ensureImage(host, service.image, context.log)).Id);
      const network = await context.step('network', () => workNetwork(greenroom, host));
      const capture = async (signal: AbortSignal) => {
        const source = await openAnySource(greenroom, row.project, row.source);
        const inspected = await host.docker.getImage(image).inspect();
        // What was sent stays what is read, even if the source was made a server since.
        const url = sent ? undefined : source.address.url;
        let found: SourceSchema | undefined;
        const options = {
          host,
          policy: source.policy && withLocale(source.policy, source.maskingLocale),
          key: source.key,
          database: section.name,
          schema: section.schema,
          target: {
            image,
            container: captureContainerOf(row),
            containerLabels: labelsOf(host.installation, 'capture', { [label.snapshot]: row.id }),
            volume: row.volume,
            volumeLabels: labelsOf(host.installation, 'snapshot', { [label.snapshot]: row.id }),
            mountTarget: dataMountOf(service, inspected).target,
            pgdata: pgdataOf(service, inspected),
            superuser: service.environment.POSTGRES_USER || 'postgres',
            initdbArgs: service.environment.POSTGRES_INITDB_ARGS,
          },
          signal,
          onProgress: context.progress,
          changesIn(schema: SourceSchema) {
            // A dump's tables and columns have other numbers each time that it is restored: names are all there is.
            found = url === undefined ? { tables: schema.tables } : schema;
            if (!source.knownSchema) context.log('the source’s schema had not been seen before: it is taken as it is');
            return source.knownSchema ? schemaChanges(source.knownSchema, found) : [];
          },
        };
        const captured = await (url === undefined
          ? captureDump(dumpRoomOf(greenroom, row, { image, network }), source, sent, options).catch(async (error) => {
              if (found) await query(pool, 'set-found-schema', [row.project, row.source, found]);
              throw error;
            })
          : captureDatabase({ ...options, source: { ...source.address, url } }));
        await query(pool, 'set-known-schema', [row.project, row.source, source.policy, found]);
        return { ...captured, of: describeSnapshot(row, context.requestedBy) };
      };
      const step = (signal: AbortSignal) =>
        context.step('capture', () => capture(signal), { resumptions: 1, problem: interrupted });
      // What was sent is read without production.
      const report = await (sent
        ? step(context.signal)
        : context.alone(`source:${row.project}/${row.source}`, () => context.progress(waits(row.source)), step));
      await removeRoom({ host, container: dumpContainerOf(row) });
      await query(pool, 'set-snapshot-ready', [snapshot, report, report.takenAt]);
      const rows = report.tables.reduce((sum, table) => sum + table.rows, 0);
      context.log(`captured ${rows} rows of ${report.tables.length} tables, masked`);
      return { snapshot, tables: report.tables.length, rows, durationMs: report.durationMs };
    },
    async undo({ snapshot }, _context, error) {
      const row = await queryOne<SnapshotRow>(pool, 'get-snapshot', [snapshot]);
      if (!row) return;
      await removeRelay(row.volume);
      await removeRoom({ host: hostOf(greenroom, row.host), container: dumpContainerOf(row) });
      await removeTarget(hostOf(greenroom, row.host), { container: captureContainerOf(row), volume: row.volume });
      await query(pool, 'set-snapshot-failed', [snapshot, error]);
    },
  };
}

function waits(source: string): string {
  return `waiting: another snapshot of ${source} is being captured`;
}

/** Each time production is read from the beginning. */
function interrupted(): Problem {
  return new Problem(
    'capture-failed',
    'greenroom’s process, or its database, ended in the middle of the capture, and again when it was begun anew',
    {
      remedy:
        'Look why in its log, and in the kernel’s: where the process was killed for want of memory, give it more, or the source fewer limits.workers; then ask again.',
    },
  );
}

function captureContainerOf(row: Pick<SnapshotRow, 'volume'>): string {
  return `${row.volume}-capture`;
}

/** greenroom's own network for what holds dumps: no way out of it, and the containers on it do not see each other. */
export async function workNetwork(greenroom: Greenroom, host: Host): Promise<string> {
  const name = nameOf(host.installation, 'work');
  await ensureNetwork(greenroom.pool, host, greenroom.settings.subnetRange, 'work', {
    name,
    internal: true,
    isolated: true,
    labels: labelsOf(host.installation, 'work'),
  });
  return name;
}
