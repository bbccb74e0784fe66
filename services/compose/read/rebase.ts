import { isMap, type Tree, type TreeMap } from '../tree.ts';
import { resolvePath } from './bundle.ts';
import { isPath, splitVolume } from './volume.ts';

/**
 * Rewrites the relative paths of a document, which count from `directory`, as `./…` from the bundle's root, so that
 * what came from several folders can be merged. Paths that leave the bundle stay as they are and are refused later.
 * Source: compose-go `paths/resolve.go`.
 */
export function rebase(tree: TreeMap, directory: string): TreeMap {
  const result = { ...tree };
  if (isMap(tree.services ?? null))
    result.services = eachValue(tree.services as TreeMap, (service) =>
      isMap(service) ? rebaseService(service, directory) : service,
    );
  for (const key of ['configs', 'secrets'])
    if (isMap(tree[key] ?? null))
      result[key] = eachValue(tree[key] as TreeMap, (entry) => rebaseKey(entry, 'file', directory));
  return result;
}

function rebaseService(service: TreeMap, directory: string): TreeMap {
  return eachEntry(service, (key, value) => {
    if (key === 'env_file' || key === 'label_file') {
      if (Array.isArray(value)) return value.map((entry) => rebasePath(rebaseKey(entry, 'path', directory), directory));
      return rebasePath(value, directory);
    }
    if (key === 'extends') return rebaseKey(value, 'file', directory);
    if (key === 'volumes' && Array.isArray(value)) return value.map((volume) => rebaseVolume(volume, directory));
    return value;
  });
}

function rebaseVolume(volume: Tree, directory: string): Tree {
  if (isMap(volume)) return volume.type === 'bind' ? rebaseKey(volume, 'source', directory) : volume;
  const parts = typeof volume === 'string' ? splitVolume(volume) : undefined;
  if (!parts?.source || !isPath(parts.source)) return volume;
  const text = [rebasePath(parts.source, directory), parts.target];
  if (parts.options.length > 0) text.push(parts.options.join(','));
  return text.join(':');
}

function rebaseKey(entry: Tree, key: string, directory: string): Tree {
  return isMap(entry) && Object.hasOwn(entry, key)
    ? { ...entry, [key]: rebasePath(entry[key] ?? null, directory) }
    : entry;
}

function rebasePath(value: Tree, directory: string): Tree {
  if (typeof value !== 'string' || value === '') return value;
  const path = resolvePath(directory, value);
  return path === undefined ? value : `./${path === '.' ? '' : path}`;
}

function eachValue(map: TreeMap, change: (value: Tree) => Tree): TreeMap {
  return eachEntry(map, (_key, value) => change(value));
}

function eachEntry(map: TreeMap, change: (key: string, value: Tree) => Tree): TreeMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(key, value)]));
}
