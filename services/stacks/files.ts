import { buffer } from 'node:stream/consumers';
import type { Container } from 'dockerode';
import { pack } from 'tar-stream';
import type { Mount } from '../compose/plan.ts';

type File = Extract<Mount, { type: 'file' }>;

/** Copies configs, secrets and files of the bundle into a container that has not started yet. */
export async function copyFiles(container: Container, files: File[]): Promise<void> {
  if (files.length === 0) return;
  const archive = pack();
  for (const { target, content, mode, uid, gid } of files) {
    archive.entry({ name: target.replace(/^\/+/, ''), mode, uid, gid }, content);
  }
  archive.finalize();
  await container.putArchive(await buffer(archive), { path: '/' });
}
