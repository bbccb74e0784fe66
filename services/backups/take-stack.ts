import type { StackPlan } from '../compose/plan.ts';
import { query } from '../database/queries.ts';
import { label, labelsOf, nameOf } from '../engine/labels.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { connectStack } from '../migrations/migrate-stack.ts';
import { majorOf } from '../snapshots/adopt.ts';
import { dataPathOf } from '../snapshots/capture/capture.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import { dataMountOf, pgdataOf } from '../stacks/data-mount.ts';
import { databaseService, superuserOf } from '../stacks/database-service.ts';
import { volumeNameOf } from '../stacks/names.ts';
import type { StackRow } from '../stacks/stack.ts';
import { type Taken, takeBackup } from './take.ts';

export interface StackBackup {
  id: string;
  row: StackRow;
  /** What the stack runs. */
  plan: StackPlan;
  signal: AbortSignal;
}

/** Takes a backup of a running stack's database, recorded before anything is made. @throws Problem `backup-failed` */
export async function takeStackBackup(greenroom: Greenroom, wish: StackBackup): Promise<Taken> {
  const { id, row, plan, signal } = wish;
  const { pool } = greenroom;
  const host = hostOf(greenroom, row.host);
  const service = databaseService(plan)!;
  const image = await host.docker.getImage(row.release.images[service.name] ?? service.image).inspect();
  const { volume: data, target } = dataMountOf(service, image);
  const dataPath = dataPathOf({ pgdata: pgdataOf(service, image), mountTarget: target });
  const snapshot = await getSnapshotRow(pool, row.snapshot!);
  const captured = snapshot.report!.target;
  const section = plan.greenroom.database!;
  // As the database is now: adopted, so the stack's own names hold.
  const facts = {
    ...captured,
    postgresMajor: majorOf(image) ?? captured.postgresMajor,
    dataPath,
    superuser: superuserOf(service).user,
    database: section.name,
    schemaOwner: section.owner?.role ?? captured.schemaOwner,
  };
  const volume = nameOf(host.installation, id);
  await query(pool, 'insert-backup', [
    ...[id, row.project, row.name, row.host, volume, row.release, row.sealed_plan, row.snapshot, facts],
  ]);
  const taken = await takeBackup({
    host,
    volume: volumeNameOf(host.installation, row.name, data),
    dataPath,
    target: volume,
    labels: labelsOf(host.installation, 'backup', { [label.backup]: id }),
    connect: () => connectStack(host, row.name, plan),
    signal,
  });
  const { mode: cloneMode, content, freezeMs, lsn } = taken;
  await query(pool, 'set-backup-taken', [id, content, { cloneMode, freezeMs, lsn }]);
  return taken;
}
