import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, mistakesOf, web } from './compose/load.ts';

describe('what does not fit the Compose schema', () => {
  const cases: [name: string, text: string, complaint: string][] = [
    ['a wrong kind', web('cap_add: ALL'), 'services.web.cap_add: must be a list, but is a string (compose.yaml:4:5)'],
    [
      'none of several kinds',
      web('environment: 7'),
      'services.web.environment: must be a map or a list, but is a number (compose.yaml:4:5)',
    ],
    [
      'a form with a mistake in it',
      web('build: { contxt: . }'),
      'services.web.build.contxt: is not a key that Compose knows here (compose.yaml:4:14)',
    ],
    [
      'an entry of a list',
      web('ports: [80, [81]]'),
      'services.web.ports[1]: must be a number, a string or a map, but is a list (compose.yaml:4:5)',
    ],
    [
      'an entry of a form',
      web('command: [1]'),
      'services.web.command[0]: must be a string, but is a number (compose.yaml:4:5)',
    ],
    [
      'a closed list',
      web('depends_on: { db: { condition: started } }'),
      'services.web.depends_on.db.condition: must be one of service_started, service_healthy, service_completed_successfully (compose.yaml:4:25)',
    ],
    [
      'a missing key',
      web('ulimits: { nofile: { soft: 1 } }'),
      'services.web.ulimits.nofile: needs hard (compose.yaml:4:16)',
    ],
    ['an empty value', web('labels:'), 'services.web.labels: must be a map or a list, but is empty (compose.yaml:4:5)'],
    [
      'an entry twice',
      web('depends_on: [web, web]'),
      'services.web.depends_on: names the same thing twice (entries 1 and 0) (compose.yaml:4:5)',
    ],
    [
      'a key at the top',
      'services: {}\nservces: {}',
      'servces: is not a key that Compose knows here (compose.yaml:2:1)',
    ],
    [
      'a name',
      'services: { "a b": { image: x } }',
      'services.a b: is not a name of at most 63 letters, digits, . _ and - (compose.yaml:1:13)',
    ],
    [
      'a number without its unit',
      web('healthcheck: { interval: 10 }'),
      'services.web.healthcheck.interval: must be a string, but is a number (compose.yaml:4:20)',
    ],
  ];
  for (const [name, text, complaint] of cases)
    it(`is said in words: ${name}`, () => assert.deepEqual(complaints(text), [complaint]));

  it('is placed in the file that says it last', () => {
    const [mistake] = mistakesOf({ 'a.yaml': web('cap_add: [ALL]'), 'b.yaml': 'services:\n  web:\n    user: [a]\n' });
    assert.equal(mistake?.what, 'must be a string, but is a list (b.yaml:3:5)');
  });

  it('is one mistake a place, however many forms there are', () => {
    const found = complaints(
      web('volumes: [{ type: bnd, target: /d }]\nnetworks: { a: { alias: [x] } }\nenv_file: [{ pth: x }]'),
    );
    assert.deepEqual(
      found.map((one) => one.split(':')[0]),
      [
        'services.web.env_file[0]',
        'services.web.env_file[0].pth',
        'services.web.networks.a.alias',
        'services.web.volumes[0].type',
      ],
    );
  });

  it('never shows a value', () => {
    assert.doesNotMatch(complaints(web('environment: { PASSWORD: [hunter2] }\nuser: [hunter2]')).join(), /hunter2/);
  });
});
