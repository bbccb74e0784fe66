import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a target has its socket, for programs in its container that ask for no other. */
const ofTheImage = '/var/run/postgresql';
const mount = '/run/greenroom-target';
const hba = 'pg_hba.conf';

/**
 * A server that only greenroom reaches: without a network, by a socket in a folder that no other user of this machine gets
 * into. Whoever connects is let in, whatever the cluster's own pg_hba.conf says: so nobody needs a password.
 */
export interface SocketFolder {
  /** As `host`, for a client. */
  path: string;
  /** Once its socket is there: from then on the server, which runs what a schema brings, can change nothing in the folder. */
  close(): Promise<void>;
  mount: { Type: 'bind'; Source: string; Target: string };
  settings: Record<string, string>;
}

/** @param name unique to the job: what a killed attempt left is replaced */
export async function openSocketFolder(name: string): Promise<SocketFolder> {
  await removeSocketFolder(name);
  const path = join(folderOf(name), 's');
  await mkdir(folderOf(name), { mode: 0o700 });
  await mkdir(path);
  // The server runs as a user of its image; modes that are asked for are less whatever the umask says.
  await chmod(path, 0o777);
  await writeFile(join(path, hba), 'local all all trust\n');
  await chmod(join(path, hba), 0o644);
  return {
    path,
    close: () => chmod(path, 0o755),
    mount: { Type: 'bind', Source: path, Target: mount },
    settings: {
      unix_socket_directories: `${ofTheImage},${mount}`,
      hba_file: `${mount}/${hba}`,
      // Of its own container.
      listen_addresses: 'localhost',
    },
  };
}

export async function removeSocketFolder(name: string): Promise<void> {
  await rm(folderOf(name), { recursive: true, force: true });
}

/** Short, because a unix socket's path may have 107 characters. */
function folderOf(name: string): string {
  return join(tmpdir(), `greenroom-target-${name}`);
}
