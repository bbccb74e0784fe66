import { isDeepStrictEqual } from 'node:util';
import { isMap, mapAt, type Tree, type TreeMap } from '../tree.ts';
import { directoryOf, readBundle, resolvePath } from './bundle.ts';
import { parseDotenv } from './dotenv.ts';
import { type Reading, readModel } from './model.ts';

const kinds = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'];

/**
 * Brings in what `include` names: other Compose files of the bundle, each with its own project directory, paths and
 * variables. A thing that both define is a mistake unless it is the same.
 * Source: Compose Specification, "include"; compose-go `loader/include.go`.
 */
export function applyInclude(reading: Reading, tree: TreeMap, chain: string[]): TreeMap {
  if (!Object.hasOwn(tree, 'include')) return tree;
  const { include, ...rest } = tree;
  if (!Array.isArray(include)) {
    reading.findings.mistake(
      'include',
      'must be a list of paths, or of maps with path, env_file and project_directory',
    );
    return rest;
  }
  return include.reduce<TreeMap>((result, entry, index) => {
    const included = readIncluded(reading, entry, `include[${index}]`, chain);
    return included ? importInto(reading, result, included, `include[${index}]`) : result;
  }, rest);
}

function readIncluded(reading: Reading, entry: Tree, where: string, chain: string[]): TreeMap | undefined {
  const { findings } = reading;
  const options: TreeMap = isMap(entry) ? entry : { path: entry };
  const unknown = Object.keys(options).find((key) => !['path', 'env_file', 'project_directory'].includes(key));
  if (unknown) findings.mistake(`${where}.${unknown}`, 'is not a key of include: path, env_file, project_directory');
  const inBundle = (path: Tree, key: string) => {
    const found = typeof path === 'string' ? resolvePath(reading.directory, path) : undefined;
    if (found === undefined)
      findings.mistake(`${where}.${key}`, 'must be a path inside the bundle: nothing outside of it is read');
    return found;
  };
  const files = listOf(options.path ?? null).map((path) => inBundle(path, 'path'));
  const [main] = files;
  if (files.length === 0) findings.mistake(where, 'names no path');
  if (main === undefined || files.includes(undefined)) return undefined;
  if (chain.includes(main)) {
    findings.mistake(where, `files include each other in a circle: ${[...chain, main].join(' → ')}`);
    return undefined;
  }
  const named = options.project_directory;
  const directory = named === undefined || named === null ? directoryOf(main) : inBundle(named, 'project_directory');
  if (directory === undefined) return undefined;
  const variables = readVariables(reading, options, directory, where, inBundle);
  const lookup = (name: string) => reading.lookup(name) ?? variables.get(name);
  return readModel({ ...reading, directory, lookup }, files as string[], chain);
}

/** The variables that hold for an included file only: of its env_file, or of the .env in its directory. */
function readVariables(
  reading: Reading,
  options: TreeMap,
  directory: string,
  where: string,
  inBundle: (path: Tree, key: string) => string | undefined,
): Map<string, string> {
  const variables = new Map<string, string>();
  const files = listOf(options.env_file ?? null).filter((path) => path !== '/dev/null');
  const paths = files.map((path) => inBundle(path, 'env_file'));
  if (listOf(options.env_file ?? null).length === 0) {
    const own = resolvePath(directory, '.env');
    if (own !== undefined && readBundle(reading.bundle, own) !== undefined) paths.push(own);
  }
  for (const path of paths) {
    if (path === undefined) continue;
    const text = readBundle(reading.bundle, path);
    if (text === undefined) reading.findings.mistake(`${where}.env_file`, `there is no file ${path} in the bundle`);
    else
      for (const [name, value] of parseDotenv(path, text, reading.lookup, variables, reading.findings))
        variables.set(name, value);
  }
  return variables;
}

function importInto(reading: Reading, tree: TreeMap, included: TreeMap, where: string): TreeMap {
  const result = { ...tree };
  if (Object.hasOwn(included, 'x-greenroom'))
    reading.findings.mistake(where, 'the included file has an x-greenroom section, which only counts in the main file');
  for (const kind of kinds) {
    const [own, theirs] = [mapAt(tree, kind), mapAt(included, kind)];
    for (const name of Object.keys(theirs))
      if (Object.hasOwn(own, name) && !isDeepStrictEqual(own[name], theirs[name]))
        reading.findings.mistake(
          `${kind}.${name}`,
          'is defined here and, differently, in an included file',
          'change what is included in an override file of its own: include: [{path: [included.yaml, override.yaml]}]',
        );
    if (Object.keys(theirs).length > 0) result[kind] = { ...theirs, ...own };
  }
  return result;
}

function listOf(value: Tree): Tree[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [value];
}
