import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, load, replacedIn, serviceOf } from './compose/load.ts';

const names = (text: string, profiles?: string[]) => load(text, { profiles }).services.map(({ name }) => name);

/** A file of services with what each depends on: `{ a: ['b'] }`. */
function chain(dependencies: Record<string, string[]>): string {
  const services = Object.entries(dependencies).map(([name, on]) => `  ${name}: { image: x, depends_on: [${on}] }\n`);
  return `services:\n${services.join('')}`;
}

describe('services', () => {
  const cases: [dependencies: Record<string, string[]>, order: string[]][] = [
    [{ c: [], a: [], b: [] }, ['c', 'a', 'b']],
    [{ web: ['api'], api: ['db'], db: [] }, ['db', 'api', 'web']],
    [{ web: ['api', 'cache'], cache: [], api: ['db', 'cache'], db: [] }, ['db', 'cache', 'api', 'web']],
  ];
  for (const [dependencies, order] of cases)
    it(`come as ${order.join(', ')}`, () => assert.deepEqual(names(chain(dependencies)), order));

  it('come after what they link to', () => {
    assert.deepEqual(names('services: { a: { image: x, links: ["b:c"] }, b: { image: x } }'), ['b', 'a']);
  });

  const circles: [dependencies: Record<string, string[]>, circle: string][] = [
    [{ a: ['a'] }, 'a → a'],
    [{ a: ['b'], b: ['a'] }, 'a → b → a'],
    [{ x: ['b'], b: ['c'], c: ['d'], d: ['b'] }, 'b → c → d → b'],
  ];
  for (const [dependencies, circle] of circles)
    it(`cannot depend on each other: ${circle}`, () => {
      const found = complaints(chain(dependencies));
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', new RegExp(`services depend on each other: ${circle} \\(compose\\.yaml`));
    });

  it('must exist to be depended on, required or not', () => {
    const text = 'services: { a: { image: x, depends_on: { b: { condition: service_started, required: false } } } }';
    assert.deepEqual(complaints(text), ['services.a.depends_on.b: there is no service b (compose.yaml:1:42)']);
  });
});

describe('profiles', () => {
  const text =
    'services: { a: { image: x }, b: { image: x, profiles: [debug, tools] }, c: { image: x, profiles: [other] } }';
  const cases: [profiles: string[], services: string[]][] = [
    [[], ['a']],
    [['tools'], ['a', 'b']],
    [['*'], ['a', 'b', 'c']],
  ];
  for (const [profiles, services] of cases)
    it(`${profiles.join() || 'none'} run ${services.join(', ')}`, () =>
      assert.deepEqual(names(text, profiles), services));

  it('are those of COMPOSE_PROFILES where none are given', () => {
    assert.deepEqual(load(text, { variables: { COMPOSE_PROFILES: 'other,debug' } }).services.length, 3);
  });

  it('are reported where they leave a service out', () => {
    assert.deepEqual(replacedIn(text, { profiles: ['tools'] }), [
      'services.c: does not run: its profile other is not active',
    ]);
  });

  it('do not matter for the services that x-greenroom names', () => {
    const section =
      'x-greenroom: { database: { service: db, name: d }, migrations: { service: m, command: up }, ingress: [] }\n';
    const file = `${section}services: { a: { image: x }, db: { image: x, profiles: [p] }, m: { image: x, profiles: [q] } }`;
    assert.deepEqual(names(file, []), ['a', 'db', 'm']);
  });

  const depend = (b: string, on: string) => `services: { a: { image: x, depends_on: ${on} }, b: { image: x, ${b} } }`;
  const optional = '{ b: { condition: service_started, required: false } }';

  it('must be active for a service that is required', () => {
    assert.deepEqual(complaints(depend('profiles: [p]', '[b]')), [
      'services.a.depends_on.b: b does not run: its profile is not active (compose.yaml:1:28)',
    ]);
  });

  it('need not for one that is not, nor for one without containers', () => {
    for (const text of [
      depend('profiles: [p]', optional),
      depend('scale: 0', '[b]'),
      depend('deploy: { replicas: 0 }', '[b]'),
    ]) {
      assert.deepEqual(serviceOf(load(text), 'a').dependsOn, []);
      assert.deepEqual(
        load(text).replaced.map(({ where }) => where),
        ['services.b', 'services.a.depends_on.b'],
      );
    }
  });
});
