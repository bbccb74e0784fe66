import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, mistakesOf, serviceOf } from './compose/load.ts';

const built = 'services: {web: {build: .}}';

test('a project without a release may have services whose images come with each release', () => {
  const plan = load(built);
  assert.equal(serviceOf(plan, 'web').image, '');
  assert.ok(plan.replaced.some(({ where, what }) => where === 'services.web' && /comes with each release/.test(what)));
});

test('a release has to bring them', () => {
  assert.match(mistakesOf(built, { release: {} })[0]!.what, /the release has no image/);
  const plan = load(built, { release: { web: { image: 'registry.example/web@sha256:'.concat('0'.repeat(64)) } } });
  assert.match(serviceOf(plan, 'web').image, /^registry\.example\/web@/);
});
