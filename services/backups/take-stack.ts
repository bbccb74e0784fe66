import type { ImageInspectInfo } from 'dockerode';
import type { StackPlan } from '../compose/plan.ts';
import { query } from '../database/queries.ts';
import { label, labelsOf, nameOf } from '../engine/labels.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { majorOf } from '../snapshots/adopt.ts';
import { dataPathOf } from '../snapshots/capture/target.ts';
import { getSnapshotRow } from '../snapshots/snapshot.ts';
import type { TargetFacts } from '../snapshots/target.ts';
import { connectStack } from '../stacks/connect.ts';
import { dataMountOf, pgdataOf } from '../stacks/data-mount.ts';
import { databaseService } from '../stacks/database-service.ts';
import { containerNameOf, volumeNameOf } from '../stacks/names.ts';
import type { StackRow } from '../stacks/stack.ts';
import type { BackupRow } from './backup.ts';
import { takeDump } from './dump/take-dump.ts';
import { type Taken, takeBackup } from './take.ts';

export interface StackBackup {
  id: string;
  purpose: BackupRow['purpose'];
  forms: BackupRow['forms'];
  row: StackRow;
  /** What the stack runs. */
  plan: StackPlan;
  signal: AbortSignal;
}

/** Takes a backup of a running stack's database, recorded before anything is made. @throws Problem `backup-failed` */
export async function takeStackBackup(greenroom: Greenroom, wish: StackBackup): Promise<Taken> {
  const { id, purpose, forms, row, plan, signal } = wish;
  const { pool } = greenroom;
  const host = hostOf(greenroom, row.host);
  const service = databaseService(plan)!;
  const image = await host.docker.getImage(row.release.images[service.name] ?? service.image).inspect();
  const { volume: data } = dataMountOf(service, image);
  const facts = await factsOf(greenroom, row, plan, image);
  const volume = nameOf(host.installation, id);
  await query(pool, 'insert-backup', [
    ...[id, row.project, row.name, row.host, volume, row.release, row.sealed_plan, row.snapshot, facts, purpose, forms],
  ]);
  const copy = {
    volume: volumeNameOf(host.installation, row.name, data),
    dataPath: facts.dataPath,
    target: volume,
    labels: labelsOf(host.installation, 'backup', { [label.backup]: id }),
  };
  const dump = (exportedSnapshot: string) => {
    const container = containerNameOf(host.installation, row.name, service.name);
    const of = { host, backup: id, container, imageId: image.Id, service, database: facts.database };
    return takeDump({ ...of, exportedSnapshot, signal });
  };
  const taken = await takeBackup({
    host,
    ...(forms.includes('clone') ? { clone: copy } : {}),
    ...(forms.includes('dump') ? { dump } : {}),
    connect: () => connectStack(host, row.name, plan),
    signal,
  });
  const { freezeMs, content, clone } = taken;
  await query(pool, 'set-backup-taken', [id, content, { freezeMs, ...clone }, taken.dump ?? null]);
  return taken;
}

/**
 * Of a running stack's database as it is now: adopted, so that the stack's own names hold. The superuser that the cluster
 * was made with is the snapshot's still, and a superuser.
 */
export async function factsOf(
  greenroom: Pick<Greenroom, 'pool'>,
  row: StackRow,
  plan: StackPlan,
  image: ImageInspectInfo,
): Promise<TargetFacts> {
  const service = databaseService(plan)!;
  const { target } = dataMountOf(service, image);
  const captured = (await getSnapshotRow(greenroom.pool, row.snapshot!)).report!.target;
  const section = plan.greenroom.database!;
  return {
    ...captured,
    postgresMajor: majorOf(image) ?? captured.postgresMajor,
    dataPath: dataPathOf({ pgdata: pgdataOf(service, image), mountTarget: target }),
    database: section.name,
    schemaOwner: section.owner?.role ?? captured.schemaOwner,
  };
}
