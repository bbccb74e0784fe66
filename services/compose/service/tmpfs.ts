import type { Mount } from '../plan.ts';
import { textOf } from '../tree.ts';
import { parseBytes } from './bytes.ts';
import type { ServiceScope } from './scope.ts';
import { cleanTarget } from './target.ts';

/** Mount options of `docker run --tmpfs` that are Docker's default or stricter, so that leaving them out is harmless. */
const harmless = /^(rw|nosuid|nodev|noexec|async|noatime|nodiratime|relatime)$/;

/** `tmpfs: /run` or a list, each `PATH[:size=64m,mode=1777]`. Source: Compose Specification, "tmpfs". */
export function readTmpfs(scope: ServiceScope): { where: string; mount: Mount }[] {
  const { tmpfs } = scope.service;
  const list = Array.isArray(tmpfs) ? tmpfs : tmpfs === undefined || tmpfs === null ? [] : [tmpfs];
  return list.flatMap((entry, index) => {
    const where = `${scope.where}.tmpfs${Array.isArray(tmpfs) ? `[${index}]` : ''}`;
    const [path = '', ...rest] = textOf(entry).split(':');
    const target = cleanTarget(path);
    if (target === undefined) {
      scope.findings.mistake(where, 'must be an absolute path in the container, not its root');
      return [];
    }
    const mount: Extract<Mount, { type: 'tmpfs' }> = { type: 'tmpfs', target };
    for (const option of rest.join(':').split(',')) readOption(scope, option.trim(), mount, where);
    return [{ where, mount }];
  });
}

function readOption(
  scope: ServiceScope,
  option: string,
  mount: Extract<Mount, { type: 'tmpfs' }>,
  where: string,
): void {
  const [key, value = ''] = option.split('=');
  if (option === '') return;
  if (key === 'size') {
    const bytes = parseBytes(value);
    if (bytes === undefined) scope.findings.mistake(where, 'size must be a size such as 64m');
    else mount.sizeBytes = bytes;
  } else if (key === 'mode' && /^[0-7]{3,4}$/.test(value)) {
    mount.mode = Number.parseInt(value, 8);
  } else if (harmless.test(option)) {
    scope.findings.replace(where, `the option ${option} is not set; Docker's own apply: noexec, nosuid, nodev`);
  } else {
    scope.findings.mistake(where, `the option ${key} of a tmpfs is not supported: size and mode are`);
  }
}
