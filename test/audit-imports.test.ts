import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const services = join(import.meta.dirname, '../services');
const audited = 'snapshots/audit';

/**
 * What the audit may take of the masking: its code is its own, for a mistake that both shared would not be found.
 * By the module that imports it, with the reason.
 */
const allowed: Record<string, string> = {
  'snapshots/audit/vocabulary.ts masking/dictionaries.ts':
    'how many words there are to draw from says how often a masked value is somebody’s original by chance',
};

/** Modules that a module imports something of that is there when it runs. */
async function importsOf(module: string): Promise<string[]> {
  const text = await readFile(join(services, module), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:([^;'"]*?)\s*from\s*)?'(\.[^']+)'/gm);
  const named = [...statements].filter(([, what]) => !isTypesOnly(what)).map(([, , path]) => path!);
  const loaded = [...text.matchAll(/(?:\bimport\(|new URL\()\s*'(\.[^']+\.ts)'/g)].map(([, path]) => path!);
  return [...named, ...loaded].map((path) => relative(services, join(services, dirname(module), path)));
}

function isTypesOnly(what: string | undefined): boolean {
  const [, list] = /^\{([^}]*)\}$/.exec(what ?? '') ?? [];
  const names = list?.split(',').filter((name) => name.trim() !== '');
  return names?.every((name) => /^\s*type\s/.test(name)) ?? false;
}

test('the audit runs no code of the masking, nor does what it imports from elsewhere', async () => {
  const files = (await readdir(join(services, audited))).filter((name) => name.endsWith('.ts'));
  assert.ok(files.length > 30);
  const seen = new Set(files.map((name) => `${audited}/${name}`));
  const found: string[] = [];
  for (const module of seen) {
    for (const imported of await importsOf(module)) {
      if (imported.startsWith('masking/')) found.push(`${module} ${imported}`);
      else if (imported.endsWith('.ts')) seen.add(imported);
    }
  }
  // Imports are found at all, those of several lines and threads' code too.
  for (const module of ['errors.ts', 'sources/copy-out.ts', 'snapshots/audit/copy-fields.ts'])
    assert.ok(seen.has(module), module);
  assert.ok((await importsOf(`${audited}/pairs.ts`)).includes(`${audited}/copy-fields.ts`));
  assert.ok((await importsOf(`${audited}/threads.ts`)).includes(`${audited}/audit-worker.ts`));
  assert.deepEqual(found.sort(), Object.keys(allowed).sort());
});
