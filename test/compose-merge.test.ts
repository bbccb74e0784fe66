import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServicePlan } from '../services/compose/plan.ts';
import { complaints, load, serviceOf, web } from './compose/load.ts';

const networks = 'networks: { a: {}, b: {}, c: {} }\n';
const volumes = 'volumes: { va: {}, vb: {}, vc: {} }\n';
const others = '  db: { image: db }\n  cache: { image: cache }\n';

function merged(base: string, over: string, more = '', files: Record<string, string> = {}): ServicePlan {
  const override = `services:\n  web:\n${over
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('')}`;
  const bundle = { 'compose.yaml': web(base, more), 'over.yaml': override, ...files };
  return serviceOf(load(bundle), 'web');
}

describe('an override file', () => {
  // Each result is what docker compose config 2.40 makes of the two files.
  const cases: [
    name: string,
    base: string,
    over: string,
    more: string,
    part: (web: ServicePlan) => unknown,
    result: unknown,
  ][] = [
    ['replaces scalars', 'user: a\nhostname: h', 'user: b', '', ({ user, hostname }) => [user, hostname], ['b', 'h']],
    [
      'merges environment by key',
      'environment: [A=1, B=2, C]',
      'environment: { B: 3, D: "x=y", C: 4 }',
      '',
      (one) => one.environment,
      { A: '1', B: '3', C: '4', D: 'x=y' },
    ],
    [
      'merges labels by key',
      'labels: [a=1, b]',
      'labels: { a: 2, c: true }',
      '',
      (one) => one.labels,
      { a: '2', b: '', c: 'true' },
    ],
    [
      'replaces the command',
      'command: a b\nentrypoint: [x]',
      'command: [c]\nentrypoint: y z',
      '',
      (one) => [one.command, one.entrypoint],
      [['c'], ['y', 'z']],
    ],
    ['takes the command away', 'command: a b', 'command: null', '', (one) => one.command, undefined],
    [
      'merges the healthcheck, its test replaced',
      'healthcheck: { test: a, interval: 1s }',
      'healthcheck: { test: [CMD, b], timeout: 2s }',
      '',
      (one) => one.healthcheck,
      { test: ['CMD', 'b'], intervalMs: 1000, timeoutMs: 2000 },
    ],
    [
      'merges a short depends_on with a long one',
      'depends_on: [db]',
      'depends_on: { db: { condition: service_healthy }, cache: { condition: service_started, required: false } }',
      others,
      (one) => one.dependsOn,
      [
        { service: 'db', condition: 'service_healthy', required: true },
        { service: 'cache', condition: 'service_started', required: false },
      ],
    ],
    [
      'lets a short depends_on reset the condition',
      'depends_on: { db: { condition: service_healthy } }',
      'depends_on: [db]',
      others,
      (one) => one.dependsOn,
      [{ service: 'db', condition: 'service_started', required: true }],
    ],
    [
      'merges networks, aliases once',
      'networks: { a: { aliases: [x, y] } }',
      'networks: { a: { aliases: [y, z] }, b: {} }',
      networks,
      (one) => one.networks,
      [
        { name: 'a', aliases: ['x', 'y', 'z'] },
        { name: 'b', aliases: [] },
      ],
    ],
    [
      'replaces a volume at the same target',
      'volumes: [va:/x, vb:/y]',
      'volumes: ["vc:/x/", { type: volume, source: vb, target: /z, read_only: true }]',
      volumes,
      (one) => one.mounts.map((mount) => mount.type === 'volume' && [mount.volume, mount.target, mount.readOnly]),
      [
        ['vc', '/x', false],
        ['vb', '/y', false],
        ['vb', '/z', true],
      ],
    ],
    [
      'adds to lists, each entry once',
      'cap_drop: [CHOWN, KILL]\ndns: 1.1.1.1',
      'cap_drop: [KILL, FOWNER]\ndns: [1.1.1.1, 8.8.8.8]',
      '',
      (one) => [one.capDrop, one.dns],
      [
        ['CHOWN', 'KILL', 'FOWNER'],
        ['1.1.1.1', '8.8.8.8'],
      ],
    ],
    [
      'adds to extra_hosts',
      'extra_hosts: ["a=1.1.1.1"]',
      'extra_hosts: { b: 2.2.2.2 }',
      '',
      (one) => one.extraHosts,
      ['a:1.1.1.1', 'b:2.2.2.2'],
    ],
    [
      'replaces a ulimit',
      'ulimits: { nofile: 10, nproc: { soft: 1, hard: 2 } }',
      'ulimits: { nofile: { soft: 3, hard: 4 } }',
      '',
      (one) => one.ulimits,
      [
        { name: 'nofile', soft: 3, hard: 4 },
        { name: 'nproc', soft: 1, hard: 2 },
      ],
    ],
    [
      'forgets what !reset names',
      'environment: { A: 1, B: 2 }\ncommand: a\nlabels: { x: y }',
      'environment: { A: !reset null, C: 3 }\ncommand: !reset []\nlabels: !reset {}',
      '',
      (one) => [one.environment, one.command, one.labels],
      [{ B: '2', C: '3' }, undefined, {}],
    ],
    [
      'replaces whole what !override names',
      'environment: { A: 1 }\nvolumes: [va:/x]',
      'environment: !override { B: 2 }\nvolumes: !override [vb:/y]',
      volumes,
      (one) => [one.environment, one.mounts.length],
      [{ B: '2' }, 1],
    ],
  ];
  for (const [name, base, over, more, part, result] of cases)
    it(name, () => assert.deepEqual(part(merged(base, over, more)), result));

  it('adds services, and can take one away', () => {
    const plan = load({
      'a.yaml': web('', others),
      'b.yaml': 'services: { db: !reset null, proxy: { image: proxy } }',
    });
    assert.deepEqual(plan.services.map(({ name }) => name).sort(), ['cache', 'proxy', 'web']);
  });

  it('merges x-greenroom', () => {
    const plan = load({
      'a.yaml': `x-greenroom: { database: { service: db, name: app }, ingress: [{ service: web, port: 80 }] }\n${web('', others)}`,
      'b.yaml': 'x-greenroom: { database: { schema: shop }, ingress: [{ service: cache, port: 81, path: /c }] }',
    });
    assert.deepEqual(plan.greenroom.database, { service: 'db', name: 'app', schema: 'shop', roles: [] });
    assert.deepEqual(
      plan.greenroom.ingress.map(({ path }) => path),
      ['/', '/c'],
    );
  });

  it('says where kinds of value do not fit', () => {
    assert.deepEqual(
      complaints({ 'a.yaml': web('deploy: { replicas: 1 }'), 'b.yaml': 'services: { web: { deploy: [x] } }' }),
      ['services.web.deploy: is a map that a list cannot override (b.yaml:1:20)'],
    );
  });
});
