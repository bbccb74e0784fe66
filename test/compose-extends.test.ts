// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose's variables are written so
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, type Files, load, serviceOf } from './compose/load.ts';

const main = { composeFiles: ['compose.yaml'] };

describe('extends', () => {
  it('merges the other service below its own keys', () => {
    const plan = load(`services:
  base: { image: x, environment: { A: 1, B: 1 }, command: a, labels: [x=1], healthcheck: { test: a, interval: 1s } }
  web: { extends: { service: base }, environment: [B=2], labels: { y: 2 }, healthcheck: { interval: 2s } }
`);
    const { image, environment, command, labels, healthcheck } = serviceOf(plan, 'web');
    assert.deepEqual(
      { image, environment, command, labels, healthcheck },
      {
        image: 'x',
        environment: { A: '1', B: '2' },
        command: ['a'],
        labels: { x: '1', y: '2' },
        healthcheck: { test: ['CMD-SHELL', 'a'], intervalMs: 2000 },
      },
    );
  });

  it('follows a chain through files, whose paths count from their own folder', () => {
    const plan = load(
      {
        'compose.yaml': 'services: { web: { extends: { service: b, file: sub/b.yaml } } }',
        'sub/b.yaml':
          'services: { b: { extends: { service: c, file: deeper/c.yaml }, environment: { B: 1 }, volumes: [./b.conf:/etc/b.conf] } }',
        'sub/deeper/c.yaml':
          'services: { c: { extends: d, env_file: [c.env] }, d: { image: "x:${T:-1}", environment: { D: 0 } } }',
        'sub/deeper/c.env': 'C=2',
        'sub/b.conf': 'conf',
      },
      main,
    );
    const { image, environment, mounts } = serviceOf(plan, 'web');
    assert.deepEqual([image, environment], ['x:1', { B: '1', C: '2', D: '0' }]);
    assert.deepEqual(mounts, [{ type: 'file', content: 'conf', target: '/etc/b.conf', mode: 0o644, uid: 0, gid: 0 }]);
  });

  it('honours !reset and !override over what is extended', () => {
    const plan = load(`services:
  base: { image: x, environment: { A: 1 }, labels: { q: 1 } }
  web: { extends: base, environment: !reset {}, labels: !override { z: 1 } }
`);
    const { environment, labels } = serviceOf(plan, 'web');
    assert.deepEqual([environment, labels], [{}, { z: '1' }]);
  });

  const refused: [name: string, files: Files, complaint: RegExp][] = [
    [
      'a circle',
      'services: { a: { extends: b, image: x }, b: { extends: a } }',
      /^services\.[ab]\.extends: services extend each other in a circle: a \(compose\.yaml\) → b \(compose\.yaml\) → a \(compose\.yaml\)/,
    ],
    ['itself', 'services: { a: { extends: a, image: x } }', /in a circle: a \(compose\.yaml\) → a/],
    [
      'an unknown service',
      'services: { a: { extends: b, image: x } }',
      /^services\.a\.extends: there is no service b in compose\.yaml/,
    ],
    [
      'a file that is missing',
      'services: { a: { extends: { file: b.yaml, service: a } } }',
      /there is no file b\.yaml in the bundle/,
    ],
    [
      'a file outside',
      'services: { a: { extends: { file: ../b.yaml, service: a } } }',
      /^services\.a\.extends\.file: must be a file of the bundle/,
    ],
    [
      'a file of the host',
      'services: { a: { extends: { file: /etc/b.yaml, service: a } } }',
      /must be a file of the bundle/,
    ],
    [
      'a file from elsewhere',
      'services: { a: { extends: { file: "https://example.com/b.yaml", service: a } } }',
      /must be a file of the bundle/,
    ],
    [
      'an unknown key',
      'services: { a: { extends: { fil: b.yaml, service: a } } }',
      /must be the name of a service, or a map/,
    ],
  ];
  for (const [name, files, complaint] of refused)
    it(`refuses ${name}`, () => assert.match(complaints(files)[0] ?? '', complaint));
});

describe('include', () => {
  it('reads another file with its own folder, variables below the own ones, and overrides', () => {
    const plan = load(
      {
        'compose.yaml': `include: [sub/a.yaml, { path: [sub/b.yaml, sub/b.over.yaml], env_file: b.vars, project_directory: . }]
services: { web: { image: x, depends_on: [a, b] } }`,
        'sub/a.yaml': 'services: { a: { image: a, env_file: a.env, environment: ["T=${T}", "U=${U}"] } }',
        'sub/a.env': 'FROM=sub',
        'sub/.env': 'T=sub\nU=sub',
        '.env': 'T=root',
        'sub/b.yaml': 'services: { b: { image: b, env_file: a.env, environment: ["V=${V}"] } }',
        'sub/b.over.yaml': 'services: { b: { user: over } }',
        'a.env': 'FROM=root',
        'b.vars': 'V=vars',
      },
      main,
    );
    assert.deepEqual(serviceOf(plan, 'a').environment, { FROM: 'sub', T: 'root', U: 'sub' });
    assert.deepEqual(serviceOf(plan, 'b').environment, { FROM: 'root', V: 'vars' });
    assert.equal(serviceOf(plan, 'b').user, 'over');
  });

  it('lets an override file change what is included', () => {
    const files = {
      'compose.yaml': 'include: [db.yaml]\nservices: { web: { image: x } }',
      'over.yaml': 'services: { db: { user: q } }',
      'db.yaml': 'services: { db: { image: y } }',
    };
    assert.equal(serviceOf(load(files, { composeFiles: ['compose.yaml', 'over.yaml'] }), 'db').user, 'q');
  });

  const refused: [name: string, files: Record<string, string>, complaint: RegExp][] = [
    [
      'two different things of a name',
      {
        'compose.yaml': 'include: [c.yaml]\nservices: { web: { image: x } }',
        'c.yaml': 'services: { web: { image: y } }',
      },
      /^services\.web: is defined here and, differently, in an included file/,
    ],
    [
      'a circle',
      { 'compose.yaml': 'include: [c.yaml]', 'c.yaml': 'include: [compose.yaml]' },
      /in a circle: compose\.yaml → c\.yaml → compose\.yaml/,
    ],
    [
      'a path outside',
      { 'compose.yaml': 'include: [../c.yaml]' },
      /^include\[0\]\.path: must be a path inside the bundle/,
    ],
    [
      'a repository',
      { 'compose.yaml': 'include: ["oci://example.com/app:1"]' },
      /^include\[0\]\.path: must be a path inside the bundle/,
    ],
    [
      'an unknown key',
      { 'compose.yaml': 'include: [{ path: c.yaml, into: x }]', 'c.yaml': 'services: {}' },
      /^include\[0\]\.into: is not a key of include/,
    ],
    [
      'a section that would not count',
      { 'compose.yaml': 'include: [c.yaml]', 'c.yaml': 'x-greenroom: {}\nservices: { a: { image: x } }' },
      /has an x-greenroom section/,
    ],
  ];
  for (const [name, files, complaint] of refused)
    it(`refuses ${name}`, () => assert.match(complaints(files, main)[0] ?? '', complaint));
});
