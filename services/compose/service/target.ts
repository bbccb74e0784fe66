/** An absolute path in a container without `.`, `..` and doubled slashes; undefined when it is none, or the root. */
export function cleanTarget(target: string): string | undefined {
  if (!target.startsWith('/') || target.includes('\0')) return undefined;
  const parts: string[] = [];
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.length === 0 ? undefined : `/${parts.join('/')}`;
}

/** Whether `path` is `folder` or below it. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
