import type { Findings } from '../findings.ts';
import { limits } from '../limits.ts';
import type { Bundle } from '../plan.ts';

/**
 * A path of the file, made relative to the bundle's root: `resolvePath('deploy', '../nginx/./a.conf')` is
 * `nginx/a.conf`, the root itself is `.`. Undefined where it leaves the bundle: absolute, `~`, a drive, too many `..`, an
 * address.
 */
export function resolvePath(directory: string, path: string): string | undefined {
  if (/^[/~]|^[A-Za-z]:|[\\\0]|^[a-z][a-z0-9+.-]*:\/\/|^git@/i.test(path)) return undefined;
  const parts: string[] = [];
  for (const part of `${directory}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/') || '.';
}

/** The folder a bundle path is in, `.` for the root. */
export function directoryOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : path.slice(0, end);
}

/** The text of a bundle's file, if it has it. */
export function readBundle(bundle: Bundle, path: string): string | undefined {
  return Object.hasOwn(bundle.files, path) ? bundle.files[path] : undefined;
}

/** Checks paths and sizes of everything in the bundle before any of it is read. */
export function checkBundle(bundle: Bundle, findings: Findings): void {
  const paths = Object.keys(bundle.files);
  let total = 0;
  if (paths.length > limits.files) {
    findings.mistake('bundle', `has ${paths.length} files, at most ${limits.files} are accepted`);
    return;
  }
  for (const path of paths) {
    const text = bundle.files[path] ?? '';
    const name = path.slice(0, 100);
    if (path.length > limits.pathLength)
      findings.mistake(name, `has a path longer than ${limits.pathLength} characters`);
    else if (path === '.' || resolvePath('.', path) !== path)
      findings.mistake(name, 'is not a plain path inside the bundle (no leading /, no . or .., no backslash)');
    const bytes = Buffer.byteLength(text);
    total += bytes;
    if (bytes > limits.fileBytes)
      findings.mistake(name, `has ${bytes} bytes, at most ${limits.fileBytes} are accepted in one file`);
  }
  if (total > limits.bundleBytes)
    findings.mistake('bundle', `has ${total} bytes, at most ${limits.bundleBytes} are accepted in all`);
  if (bundle.composeFiles.length === 0) findings.mistake('bundle', 'names no Compose file');
  if (bundle.composeFiles.length > limits.composeFiles)
    findings.mistake('bundle', `names ${bundle.composeFiles.length} Compose files, at most ${limits.composeFiles}`);
  for (const path of bundle.composeFiles)
    if (readBundle(bundle, path) === undefined)
      findings.mistake(path.slice(0, 100), 'is named as a Compose file but is not in the bundle');
}
