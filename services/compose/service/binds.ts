import { createHash } from 'node:crypto';
import type { Mount } from '../plan.ts';
import { readBundle, resolvePath } from '../read/bundle.ts';
import type { ServiceScope } from './scope.ts';

export interface Bind {
  where: string;
  /** As written: `./nginx.conf`, `/srv/data`. */
  source: string;
  target: string;
  readOnly: boolean;
  /** Compose's `create_host_path`: an empty folder is made where there is none. */
  create: boolean;
}

/**
 * A host path is mounted only where the administrator allowed that very path. A path of the bundle becomes files that
 * are put into the container. A folder that the bundle does not have, and that may be written to, becomes a volume of
 * the stack's own, as Compose would make an empty folder; a missing file is a mistake.
 */
export function readBind(scope: ServiceScope, bind: Bind): Mount[] {
  const { findings } = scope;
  if (bind.source.startsWith('/')) return readHostPath(scope, bind);
  const path = resolvePath('.', bind.source);
  if (path === undefined) {
    findings.mistake(
      bind.where,
      `mounts ${bind.source}, which is outside of the bundle`,
      'use a named volume, or files of the bundle',
    );
    return [];
  }
  const file = readBundle(scope.bundle, path);
  const paths = file === undefined ? filesBelow(scope, path) : [path];
  if (paths.length === 0) return readMissing(scope, bind, path);
  findings.mount(
    paths.map((one) => readBundle(scope.bundle, one) ?? ''),
    bind.where,
  );
  findings.replace(
    bind.where,
    file === undefined
      ? `the ${paths.length} files of the bundle under ${bind.source} are copied to ${bind.target}; no host folder is mounted`
      : `the file ${path} of the bundle is copied to ${bind.target}; no host file is mounted`,
  );
  const skip = path === '.' ? 0 : path.length + 1;
  return paths.map((one) => {
    const content = readBundle(scope.bundle, one) ?? '';
    const target = file === undefined ? `${bind.target === '/' ? '' : bind.target}/${one.slice(skip)}` : bind.target;
    // The bundle has no modes; a script must stay executable.
    return { type: 'file', content, target, mode: content.startsWith('#!') ? 0o755 : 0o644, uid: 0, gid: 0 };
  });
}

function readHostPath(scope: ServiceScope, bind: Bind): Mount[] {
  const source = `/${resolvePath('.', bind.source.replace(/^\/+/, '')) ?? ''}`.replace(/^\/\.$/, '/');
  const allow = `${scope.where}.volumes:${source}`;
  if (scope.allowed(allow) && source === bind.source.replace(/(?<=.)\/+$/, ''))
    return [{ type: 'bind', source, target: bind.target, readOnly: bind.readOnly }];
  const socket = /docker\.sock|containerd\.sock|podman\.sock|^\/(var\/)?run\/?$|^\/$/.test(source);
  scope.findings.mistake(
    bind.where,
    `mounts the host's ${source}${socket ? ', which is control over the host' : ''}`,
    `use a named volume; an administrator may allow it with \`${allow}\``,
  );
  return [];
}

function filesBelow(scope: ServiceScope, folder: string): string[] {
  const start = folder === '.' ? '' : `${folder}/`;
  return Object.keys(scope.bundle.files)
    .filter((path) => path.startsWith(start))
    .sort();
}

function readMissing(scope: ServiceScope, bind: Bind, path: string): Mount[] {
  const looksLikeFile = /\.[A-Za-z0-9]{1,10}$/.test(path) || /\.[A-Za-z0-9]{1,10}$/.test(bind.target);
  if (!bind.create || bind.readOnly || looksLikeFile) {
    scope.findings.mistake(
      bind.where,
      `there is no ${path} in the bundle`,
      'add it to the bundle, or use a named volume',
    );
    return [];
  }
  const volume = ownVolume(path);
  scope.findings.replace(
    bind.where,
    `there is no ${path} in the bundle and no host folder is mounted: the stack's own volume ${volume} is, filled from the image`,
  );
  return [{ type: 'volume', volume, target: bind.target, readOnly: false, noCopy: false }];
}

/** The name of the volume that stands for a folder; services that mount the same folder share it. */
function ownVolume(path: string): string {
  const slug = path
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()
    .slice(0, 30);
  return `folder-${slug}-${createHash('sha256').update(path).digest('hex').slice(0, 6)}`;
}
