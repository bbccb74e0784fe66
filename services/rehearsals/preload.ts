import { join } from 'node:path/posix';
import { pathInHelper, runInHelper } from '../engine/helper.ts';
import type { Host } from '../engine/host.ts';
import type { TargetFacts } from '../snapshots/target.ts';

const library = 'pg_stat_statements';

/** How it counts: what a migration asks, not what that asks in turn. */
export const counting = {
  compute_query_id: 'on',
  'pg_stat_statements.track': 'top',
  'pg_stat_statements.save': 'off',
};

/**
 * Settings with which the server counts rows and WAL of each statement, on top of what it preloads anyway; undefined where
 * that cannot be read from the service's command and the data directory's own files.
 */
export async function preloading(
  host: Host,
  of: { volume: string; facts: TargetFacts },
  command: string[],
): Promise<Record<string, string> | undefined> {
  const folder = join(await pathInHelper(host, of.volume), of.facts.dataPath);
  const files = ['postgresql.conf', 'postgresql.auto.conf'].map((name) => join(folder, name));
  const { exitCode, stdout } = await runInHelper(host, ['cat', ...files]);
  const preloaded = exitCode === 0 ? preloadedBy(stdout, command) : undefined;
  if (preloaded === undefined) return undefined;
  const all = preloaded.split(',').map((name) => name.trim());
  return {
    shared_preload_libraries: [...new Set([...all.filter(Boolean), library])].join(','),
    ...counting,
  };
}

/**
 * What a server preloads by its command, else by its files, the last of which wins. Undefined where other files have a say.
 *
 * @param files the text of postgresql.conf and after it of postgresql.auto.conf
 */
export function preloadedBy(files: string, command: string[]): string | undefined {
  const words = command.map((word) => word.replace(/^--(?=.*=)/, '').replace(/^-c(?=.)/, ''));
  if (words.some((word) => /\bconfig[_-]file\b/.test(word))) return undefined;
  const said = words.flatMap((word) => /^shared[_-]preload[_-]libraries=(.*)$/s.exec(word)?.[1] ?? []);
  if (said.length > 0) return said.at(-1);
  // In the words of a shell, say.
  if (words.some((word) => /shared[_-]preload/.test(word)) || /^\s*include(_dir|_if_exists)?\b/m.test(files))
    return undefined;
  const written = [...files.matchAll(/^\s*shared_preload_libraries\s*=?\s*(?:'((?:[^']|'')*)'|([^\s#]*))/gim)].at(-1);
  return (written?.[1] ?? written?.[2] ?? '').replaceAll("''", "'");
}
