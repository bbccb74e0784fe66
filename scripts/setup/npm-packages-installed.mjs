// Exits 0 when node_modules holds what package-lock.json asks for, by the packages themselves: npm's hidden lock
// file also changes when only package-lock.json is written. But its presence counts, because it is the last thing
// that an installation writes.
import { existsSync, readFileSync } from 'node:fs';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

try {
  const wanted = Object.entries(read('package-lock.json').packages).filter(
    ([path, entry]) => path && !entry.optional && !entry.link,
  );
  const complete =
    existsSync('node_modules/.package-lock.json') &&
    wanted.every(([path, { version }]) => read(`${path}/package.json`).version === version);
  process.exit(complete ? 0 : 1);
} catch {
  process.exit(1);
}
