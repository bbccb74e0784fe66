import type { Mount } from '../plan.ts';
import { readBundle, resolvePath } from '../read/bundle.ts';
import { isMap, listAt, mapAt, type Tree, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';
import { cleanTarget } from './target.ts';
import { readInteger, readMode } from './values.ts';

type FileMount = Extract<Mount, { type: 'file' }>;

/**
 * The service's `configs` and `secrets` as files that are put into the container: by default at `/NAME` and
 * `/run/secrets/NAME`, owned by root and readable by all.
 * Source: Compose Specification, "configs" and "secrets".
 */
export function readConfigsAndSecrets(scope: ServiceScope): { where: string; mount: FileMount }[] {
  return (['configs', 'secrets'] as const).flatMap((kind) =>
    listAt(scope.service, kind).flatMap((entry, index) => {
      const where = `${scope.where}.${kind}[${index}]`;
      const mount = readReference(scope, kind, entry, where);
      return mount ? [{ where, mount }] : [];
    }),
  );
}

function readReference(
  scope: ServiceScope,
  kind: 'configs' | 'secrets',
  entry: Tree,
  where: string,
): FileMount | undefined {
  const { findings, model } = scope;
  const options = isMap(entry) ? entry : { source: entry };
  const source = textOf(options.source);
  const definition = mapAt(model, kind)[source];
  if (!Object.hasOwn(mapAt(model, kind), source) || !isMap(definition ?? null)) {
    findings.mistake(where, `there is no ${source || 'name'} under ${kind}`);
    return undefined;
  }
  const content = readContent(scope, definition as Record<string, Tree>, `${kind}.${source}`);
  const folder = kind === 'configs' ? '/' : '/run/secrets/';
  const named = textOf(options.target) || source;
  const target = cleanTarget(named.startsWith('/') ? named : `${folder}${named}`);
  if (target === undefined) findings.mistake(`${where}.target`, 'must be an absolute path in the container');
  const id = (key: 'uid' | 'gid') =>
    readInteger(options[key], `${where}.${key}`, findings, { min: 0, max: 2 ** 32 - 2 }) ?? 0;
  const mode = readMode(options.mode, `${where}.mode`, findings) ?? 0o444;
  if (content === undefined || target === undefined) return undefined;
  findings.mount([content], where);
  return { type: 'file', content, target, mode, uid: id('uid'), gid: id('gid') };
}

/** What a top-level config or secret holds: a file of the bundle, `content`, or a variable's value. */
function readContent(scope: ServiceScope, definition: Record<string, Tree>, where: string): string | undefined {
  const { findings } = scope;
  const given = ['file', 'content', 'environment'].filter((key) => (definition[key] ?? null) !== null);
  if (given.length > 1) {
    findings.mistake(where, `has ${given.join(' and ')}, of which only one may be given`);
    return undefined;
  }
  const [key] = given;
  const value = textOf(definition[key ?? '']);
  if (key === 'content') return value;
  if (key === 'environment') {
    const content = scope.lookup(value);
    if (content === undefined) findings.mistake(`${where}.environment`, `the variable ${value} is not set`);
    return content;
  }
  if (key === 'file') {
    const path = resolvePath('.', value);
    const content = path === undefined ? undefined : readBundle(scope.bundle, path);
    if (path === undefined) findings.mistake(`${where}.file`, 'must be a file of the bundle: nothing outside is read');
    else if (content === undefined)
      findings.mistake(`${where}.file`, `there is no file ${path} in the bundle`, 'add the file to the bundle');
    return content;
  }
  if (definition.external === undefined)
    findings.mistake(where, 'needs a file, an environment or, for a config, a content');
  return undefined;
}
