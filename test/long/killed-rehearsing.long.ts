import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { killAtEveryBoundary, service } from '../support/kills.ts';

killAtEveryBoundary(['snapshot.capture', 'migration.rehearse']);

test('no socket of a killed capture stays in the temporary folder', () => {
  assert.deepEqual(
    readdirSync(service.temporary).filter((name) => name.startsWith('greenroom-source-')),
    [],
  );
});
