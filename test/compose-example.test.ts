import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { load } from './compose/load.ts';

it('the example application loads without a mistake', async () => {
  const text = await readFile(new URL('../examples/shop/compose.yaml', import.meta.url), 'utf8');
  const { services, greenroom } = load(text);
  const names = new Set(services.map(({ name }) => name));
  assert.ok(greenroom.database && greenroom.migrations && greenroom.ingress.length > 0);
  for (const { service } of [greenroom.database, greenroom.migrations, ...greenroom.ingress])
    assert.ok(names.has(service));
});
