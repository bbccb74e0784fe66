import type { Mount } from '../plan.ts';
import { isPath, splitVolume } from '../read/volume.ts';
import { isMap, listAt, mapAt, type Tree, type TreeMap, textOf } from '../tree.ts';
import { readBind } from './binds.ts';
import { readBytes } from './bytes.ts';
import { readConfigsAndSecrets } from './files.ts';
import type { ServiceScope } from './scope.ts';
import { cleanTarget, isBelow } from './target.ts';
import { readTmpfs } from './tmpfs.ts';
import { readBoolean, readMode } from './values.ts';

interface Placed {
  where: string;
  mount: Mount;
}

/** Everything that is mounted or put into the container: `volumes`, `tmpfs`, `configs`, `secrets`. */
export function readMounts(scope: ServiceScope): Mount[] {
  const volumes = listAt(scope.service, 'volumes').flatMap((entry, index) => {
    const where = `${scope.where}.volumes[${index}]`;
    return readVolume(scope, entry, where).map((mount) => ({ where, mount }));
  });
  const placed = [...volumes, ...readTmpfs(scope), ...readConfigsAndSecrets(scope)];
  checkTargets(scope, placed);
  return placed.map(({ mount }) => mount);
}

/** Two mounts cannot be in one place, and a file that is copied in before the start is hidden by a tmpfs over it. */
function checkTargets(scope: ServiceScope, placed: Placed[]): void {
  const taken = new Map<string, string>();
  const tmpfs = placed.filter(({ mount }) => mount.type === 'tmpfs');
  for (const { where, mount } of placed) {
    const other = taken.get(mount.target);
    if (other) scope.findings.mistake(where, `mounts at ${mount.target}, where ${other} already does`);
    taken.set(mount.target, where);
    const hiding = tmpfs.find(({ mount: over }) => isBelow(mount.target, over.target));
    if (mount.type === 'file' && hiding)
      scope.findings.mistake(where, `puts a file at ${mount.target}, which the tmpfs of ${hiding.where} would hide`);
  }
}

function readVolume(scope: ServiceScope, entry: Tree, where: string): Mount[] {
  const volume = isMap(entry) ? entry : readShort(scope, textOf(entry), where);
  if (!volume) return [];
  const target = cleanTarget(textOf(volume.target));
  const whole = textOf(volume.target) === '/' && volume.type === 'bind' && /^\.\/?/.test(textOf(volume.source));
  if (target === undefined && !whole) {
    scope.findings.mistake(where, 'must be mounted at an absolute path in the container, not at its root');
    return [];
  }
  return readLong(scope, volume, target ?? '/', where);
}

/** A short form as the long form it stands for. Source: Compose Specification, "volumes, short syntax". */
function readShort(scope: ServiceScope, text: string, where: string): TreeMap | undefined {
  const parts = splitVolume(text);
  if (!parts) {
    scope.findings.mistake(where, 'is not a volume: [SOURCE:]TARGET[:ro|rw]');
    return undefined;
  }
  const { source, target, options } = parts;
  const bind = source !== undefined && isPath(source);
  const unknown = options.find(
    (option) => !/^(ro|rw|nocopy|z|Z|r?private|r?shared|r?slave|cached|delegated|consistent)$/.test(option),
  );
  if (unknown !== undefined) scope.findings.mistake(where, `the option ${unknown} is not known: ro, rw, nocopy`);
  for (const option of options.filter((one) => /^([zZ]|cached|delegated|consistent)$/.test(one)))
    scope.findings.replace(where, `the option ${option} is not applied: no host folder is mounted`);
  const propagation = options.find((option) => /private|shared|slave/.test(option));
  return {
    type: bind ? 'bind' : 'volume',
    ...(source === undefined ? {} : { source }),
    target,
    read_only: options.includes('ro'),
    ...(bind ? { bind: { create_host_path: true, ...(propagation ? { propagation } : {}) } } : {}),
    ...(options.includes('nocopy') ? { volume: { nocopy: true } } : {}),
  };
}

function readLong(scope: ServiceScope, volume: TreeMap, target: string, where: string): Mount[] {
  const { findings } = scope;
  const readOnly = readBoolean(volume.read_only, `${where}.read_only`, findings) ?? false;
  const source = textOf(volume.source);
  for (const key of ['bind', 'volume', 'tmpfs'].filter((one) => one !== volume.type && isMap(volume[one] ?? null)))
    findings.replace(`${where}.${key}`, `has no meaning for a mount of type ${textOf(volume.type)}`);
  switch (volume.type) {
    case 'bind': {
      const options = mapAt(volume, 'bind');
      const create = readBoolean(options.create_host_path, `${where}.bind.create_host_path`, findings) ?? true;
      if (/shared|slave/.test(textOf(options.propagation)))
        findings.mistake(
          where,
          `propagation ${textOf(options.propagation)} lets mounts pass between host and container`,
        );
      if (source !== '') return readBind(scope, { where, source, target, readOnly, create });
      findings.mistake(where, 'a bind mount needs a source');
      return [];
    }
    case 'volume': {
      const noCopy = readBoolean(mapAt(volume, 'volume').nocopy, `${where}.volume.nocopy`, findings) ?? false;
      if (source === '') return [{ type: 'volume', target, readOnly, noCopy }];
      if (Object.hasOwn(mapAt(scope.model, 'volumes'), source))
        return [{ type: 'volume', volume: source, target, readOnly, noCopy }];
      findings.mistake(where, `there is no ${source} under volumes`, `declare it: volumes: { ${source}: {} }`);
      return [];
    }
    case 'tmpfs': {
      const options = mapAt(volume, 'tmpfs');
      if (readOnly) findings.replace(`${where}.read_only`, 'an empty tmpfs stays writable');
      const sizeBytes = readBytes(options.size, `${where}.tmpfs.size`, findings);
      const mode = readMode(options.mode, `${where}.tmpfs.mode`, findings);
      return [{ type: 'tmpfs', target, ...(sizeBytes ? { sizeBytes } : {}), ...(mode === undefined ? {} : { mode }) }];
    }
    default:
      findings.mistake(where, `mounts of type ${textOf(volume.type)} are not supported: bind, volume and tmpfs are`);
      return [];
  }
}
