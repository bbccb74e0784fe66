import { readBundle, resolvePath } from '../read/bundle.ts';
import { parseDotenv, parseRawEnv } from '../read/dotenv.ts';
import { keyed } from '../read/merge.ts';
import { isMap, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';
import { readBoolean } from './values.ts';

/**
 * A service's environment: its `env_file`s in their order, over them `environment`, over that the release's variables.
 * A key without a value takes that of the project's variable of the same name; where there is none it is left out, and
 * an env_file's value for it too. Source: Compose Specification, "environment"; compose-go `types/project.go`.
 */
export function readEnvironment(scope: ServiceScope): Record<string, string> {
  const own = keyed(scope.service.environment ?? null) ?? {};
  const result = new Map<string, string>();
  const known = new Map<string, string>();
  for (const [key, value] of Object.entries(own)) {
    const text = value === null ? scope.lookup(key) : textOf(value);
    if (text !== undefined) known.set(key, text);
    else
      scope.findings.replace(
        `${scope.where}.environment.${key}`,
        'has no value, and there is no variable of that name: it is left out',
      );
  }
  for (const [key, value] of readEnvFiles(scope, known)) if (!Object.hasOwn(own, key)) result.set(key, value);
  for (const [key, value] of known) result.set(key, value);
  for (const [key, value] of Object.entries(scope.release?.variables ?? {})) result.set(key, value);
  for (const [key, value] of result)
    if (!/^[^\s=\0]+$/.test(key) || value.includes('\0'))
      scope.findings.mistake(`${scope.where}.environment`, 'has a name that is empty, or holds a blank, = or a null');
  return Object.fromEntries([...result].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readEnvFiles(scope: ServiceScope, own: Map<string, string>): Map<string, string> {
  const { findings, service } = scope;
  const list = Array.isArray(service.env_file) ? service.env_file : service.env_file ? [service.env_file] : [];
  const found = new Map<string, string>();
  const lookup = (name: string) => scope.lookup(name) ?? own.get(name);
  for (const [index, entry] of list.entries()) {
    const where = `${scope.where}.env_file${Array.isArray(service.env_file) ? `[${index}]` : ''}`;
    const file = textOf(isMap(entry) ? entry.path : entry);
    const required = !isMap(entry) || (readBoolean(entry.required, `${where}.required`, findings) ?? true);
    const format = isMap(entry) ? textOf(entry.format) : '';
    const path = resolvePath('.', file);
    const text = path === undefined ? undefined : readBundle(scope.bundle, path);
    if (path === undefined) findings.mistake(where, 'must be a file of the bundle: nothing outside of it is read');
    else if (text === undefined && required)
      findings.mistake(where, `there is no file ${path} in the bundle`, 'add it to the bundle, or say required: false');
    else if (text === undefined) findings.replace(where, `there is no file ${path} in the bundle; it is not required`);
    else if (format !== '' && format !== 'raw') findings.mistake(`${where}.format`, 'must be raw, or left out');
    else {
      const values =
        format === 'raw' ? parseRawEnv(path, text, lookup, findings) : parseDotenv(path, text, lookup, found, findings);
      for (const [key, value] of values) found.set(key, value);
    }
  }
  return found;
}
