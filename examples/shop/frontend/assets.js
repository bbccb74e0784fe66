import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const TYPES = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' };

/** Reads the browser's files and names each after its content, so that it can be cached for ever. */
export function readAssets() {
  const byPath = new Map();
  const paths = {};
  for (const extension of Object.keys(TYPES)) {
    const content = readFileSync(new URL(`assets/app.${extension}`, import.meta.url));
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    paths[extension] = `/assets/app.${hash}.${extension}`;
    byPath.set(paths[extension], { content, type: TYPES[extension] });
  }
  return { byPath, paths };
}
