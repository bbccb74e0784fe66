import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Schema } from '../services/compose/check/explain.ts';
import { readComposeSchema } from '../services/compose/check/schema.ts';
import { keyTables } from '../services/compose/keys/tables.ts';
import { complaints, load, mistakesOf, replacedIn, web } from './compose/load.ts';

const schema = readComposeSchema();

/** Every object that may stand at a place of the schema: behind references, choices, lists and names. */
function objectsIn(node: Schema): Schema[] {
  if (typeof node.$ref === 'string') {
    const name = node.$ref.replace('#/definitions/', '');
    return objectsIn((schema.definitions as Record<string, Schema>)[name] ?? {});
  }
  if (node.properties) return [node];
  const choices = (node.oneOf ?? []) as Schema[];
  const named = Object.values((node.patternProperties ?? {}) as Record<string, Schema>);
  return [...choices, ...named, ...(node.items ? [node.items as Schema] : [])].flatMap(objectsIn);
}

/** The kinds of object in the schema by the name of their table. What is not honoured as a whole ends the way. */
function kindsFrom(kind: string, node: Schema): [kind: string, keys: string[]][] {
  const properties = node.properties as Record<string, Schema>;
  const below = Object.entries(properties)
    .filter(([key]) => keyTables[kind]?.[key]?.is === 'honoured')
    .flatMap(([key, property]) => {
      const name = `${kind}.${key}` === 'file.services' ? 'service' : `${kind}.${key}`;
      return objectsIn(property).flatMap((object) => kindsFrom(name, object));
    });
  return [[kind, Object.keys(properties)], ...below];
}

describe('every key of the Compose schema', () => {
  const kinds = kindsFrom('file', schema);
  for (const [kind, keys] of kinds)
    it(`of ${kind} is honoured, replaced or refused`, () => {
      assert.deepEqual(Object.keys(keyTables[kind] ?? {}).sort(), [...keys].sort());
    });

  it('has its kind among the tables, and no table is for nothing', () => {
    assert.deepEqual(Object.keys(keyTables).sort(), [...new Set(kinds.map(([kind]) => kind))].sort());
  });
});

describe('a key', () => {
  it('is refused by name where Compose does not know it, with what is probably meant', () => {
    assert.deepEqual(mistakesOf(web('enviroment: {}\nhealthcheck: { tset: a }')), [
      {
        where: 'services.web.enviroment',
        what: 'is not a key that Compose knows here (compose.yaml:4:5)',
        remedy: 'did you mean environment?',
      },
      {
        where: 'services.web.healthcheck.tset',
        what: 'is not a key that Compose knows here (compose.yaml:5:20)',
        remedy: 'did you mean test?',
      },
    ]);
  });

  it('is free where it starts with x-', () => {
    assert.deepEqual(load(`x-any: { a: [1] }\n${web('x-more: 1\nhealthcheck: { x-why: 1, test: a }')}`).replaced, []);
  });

  // One of each reported replacement: nothing may go missing in silence.
  const reported: [written: string, more: string, where: string][] = [
    ['ports: ["80:80"]', 'x-greenroom: { ingress: [] }\n', 'services.web.ports'],
    ['container_name: web', '', 'services.web.container_name'],
    ['build: .', '', 'services.web.build'],
    ['platform: linux/arm64', '', 'services.web.platform'],
    ['logging: { driver: syslog }', '', 'services.web.logging'],
    ['pull_policy: always', '', 'services.web.pull_policy'],
    ['attach: false', '', 'services.web.attach'],
    ['mac_address: "02:42:ac:11:00:02"', '', 'services.web.mac_address'],
    ['develop: { watch: [] }', '', 'services.web.develop'],
    ['cpu_shares: 5', '', 'services.web.cpu_shares'],
    ['memswap_limit: 1g', '', 'services.web.memswap_limit'],
    ['scale: 2', '', 'services.web.scale'],
    ['deploy: { replicas: 3 }', '', 'services.web.deploy.replicas'],
    ['deploy: { mode: global }', '', 'services.web.deploy.mode'],
    ['deploy: { placement: { constraints: [] } }', '', 'services.web.deploy.placement'],
    ['deploy: { resources: { reservations: { cpus: "1" } } }', '', 'services.web.deploy.resources.reservations.cpus'],
    ['deploy: { restart_policy: { delay: 5s } }', '', 'services.web.deploy.restart_policy.delay'],
    [
      'depends_on: { db: { condition: service_started, restart: true } }',
      '  db: { image: db }\n',
      'services.web.depends_on.db.restart',
    ],
    ['networks: { a: { ipv4_address: 10.0.0.2 } }', 'networks: { a: {} }\n', 'services.web.networks.a.ipv4_address'],
    ['networks: [a]', 'networks: { a: { ipam: { config: [{ subnet: 10.0.0.0/24 }] } } }\n', 'networks.a.ipam'],
    ['networks: [a]', 'networks: { a: { driver_opts: { mtu: 1400 } } }\n', 'networks.a.driver_opts'],
    ['networks: [a]', 'networks: { a: { external: true, name: proxy } }\n', 'networks.a.external'],
    ['volumes: ["data:/d"]', 'volumes: { data: { external: true } }\n', 'volumes.data.external'],
    ['volumes: ["data:/d"]', 'volumes: { data: { name: shared } }\n', 'volumes.data.name'],
    ['volumes: ["data:/d:z"]', 'volumes: { data: {} }\n', 'services.web.volumes[0]'],
    ['volumes: [{ type: volume, target: /d, tmpfs: { size: 1 } }]', '', 'services.web.volumes[0].tmpfs'],
    ['user: a', 'version: "3.8"\n', 'version'],
    ['user: a', 'name: shop\n', 'name'],
    ['stop_grace_period: 1h', '', 'services.web.stop_grace_period'],
    ['tmpfs: "/t:noexec"', '', 'services.web.tmpfs'],
  ];
  for (const [written, more, where] of reported)
    it(`is reported where it is replaced: ${where}`, () => {
      assert.deepEqual(
        load(web(written, more))
          .replaced.map((one) => one.where)
          .filter((one) => one === where),
        [where],
      );
    });

  it('is not reported where it says what happens anyway', () => {
    const body = 'scale: 1\nattach: true\ndeploy: { mode: replicated, replicas: 1 }\noom_kill_disable: false';
    assert.deepEqual(replacedIn(web(body, 'networks: { default: { external: false, driver: bridge } }\n')), []);
  });

  it('is counted in mistakes of one stage together', () => {
    assert.equal(complaints(web('privileged: true\nruntime: runsc\nrestart: x\nnetworks: [nope]')).length, 4);
  });
});
