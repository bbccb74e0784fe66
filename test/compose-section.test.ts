// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose's variables are written so
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, load, mistakesOf, replacedIn } from './compose/load.ts';

const services = `services:
  web: { image: web, ports: ["8080:80"] }
  api: { image: api }
  db: { image: db }
  migrator: { image: migrator }
  idle: { image: idle, profiles: [idle] }
`;

const section = (text: string) => `x-greenroom: ${text}\n${services}`;

describe('x-greenroom', () => {
  it('is read with its defaults, numbers and booleans also as text', () => {
    const { greenroom } = load(
      section(`
  database:
    { service: db, name: shop, owner: { role: shop, password: "\${PASSWORD}" }, roles: [{ role: ro, password: 123456 }] }
  migrations: { service: migrator, command: migrationctl --config 'a b' }
  ingress: [{ service: web, port: "\${PORT:-80}" }, { service: api, port: 4000, path: /api/, stripPrefix: "true" }]`),
      { variables: { PASSWORD: 'secret' } },
    );
    assert.deepEqual(greenroom, {
      database: {
        service: 'db',
        name: 'shop',
        schema: 'public',
        owner: { role: 'shop', password: 'secret' },
        roles: [{ role: 'ro', password: '123456' }],
      },
      migrations: { service: 'migrator', command: ['migrationctl', '--config', 'a b'] },
      ingress: [
        { service: 'web', port: 80, path: '/', stripPrefix: false },
        { service: 'api', port: 4000, path: '/api', stripPrefix: true },
      ],
    });
  });

  const refused: [text: string, complaint: RegExp][] = [
    ['[]', /^x-greenroom: must be a map of database, migrations and ingress/],
    ['{ database: { name: d } }', /^x-greenroom\.database: needs service/],
    ['{ database: { service: db } }', /^x-greenroom\.database: needs name/],
    ['{ database: { service: dbb, name: d } }', /^x-greenroom\.database\.service: the service dbb does not exist/],
    ['{ ingress: [{ service: idle, port: 1 }] }', /^x-greenroom\.ingress\[0\]\.service: the service idle does not run/],
    ['{ database: { service: db, name: "d; DROP" } }', /^x-greenroom\.database\.name: must be a name of at most 63/],
    ['{ database: { service: db, name: d, owner: { role: a } } }', /^x-greenroom\.database\.owner: needs password/],
    [
      '{ database: { service: db, name: d, owner: { role: a, password: "" } } }',
      /^x-greenroom\.database\.owner\.password: must not be empty/,
    ],
    [
      '{ database: { service: db, name: d, owner: { role: a, password: x }, roles: [{ role: a, password: y }] } }',
      /^x-greenroom\.database: names the role a twice/,
    ],
    ['{ migrations: { service: migrator, command: [up] } }', /^x-greenroom\.migrations: needs a database/],
    [
      '{ database: { service: db, name: d }, migrations: { service: migrator, command: [] } }',
      /^x-greenroom\.migrations\.command: must not be empty/,
    ],
    [
      '{ database: { service: db, name: d }, migrations: { service: migrator, command: up && down } }',
      /^x-greenroom\.migrations\.command: has a &/,
    ],
    [
      '{ database: { service: db, name: d }, migrations: { service: db, command: [up] } }',
      /the service db runs the migrations and nothing else/,
    ],
    [
      '{ ingress: [{ service: web, port: 80 }, { service: api, port: 81, path: "" }] }',
      /^x-greenroom\.ingress\[1\]\.path: must be a path such as/,
    ],
    [
      '{ ingress: [{ service: web, port: 80, path: /a }, { service: api, port: 81, path: /a/ }] }',
      /^x-greenroom\.ingress\[1\]\.path: \/a already leads to web/,
    ],
    ['{ ingress: [{ service: web, port: 80, path: /a/../b }] }', /has a part that is \. or \.\./],
    ['{ ingress: [{ service: web, port: 80, path: "/a?b" }] }', /path: must be a path such as/],
    ['{ ingress: [{ service: web, port: 0 }] }', /^x-greenroom\.ingress\[0\]\.port: must be at least 1/],
    ['{ ingress: [{ service: web, port: http }] }', /^x-greenroom\.ingress\[0\]\.port: must be a whole number/],
  ];
  for (const [text, complaint] of refused)
    it(`refuses ${text}`, () => assert.match(complaints(section(text))[0] ?? '', complaint));

  it('suggests what an unknown key may mean', () => {
    const text = section('{ databse: {}, ingress: [{ service: web, port: 80, strip_prefix: true }] }');
    assert.deepEqual(
      mistakesOf(text).map(({ where, remedy }) => [where, remedy]),
      [
        ['x-greenroom.databse', 'did you mean database?'],
        ['x-greenroom.ingress[0].strip_prefix', 'did you mean stripPrefix?'],
      ],
    );
  });

  it('is found wrong together with everything else', () => {
    const found = mistakesOf(`x-greenroom: { ingres: [] }\n${services}  bad: { image: x, privileged: true }\n`);
    assert.deepEqual(
      found.map(({ where }) => where),
      ['services.bad.privileged', 'x-greenroom.ingres'],
    );
  });
});

describe('an ingress that is not given', () => {
  const ingress = (text: string) => load(text).greenroom.ingress;
  const one = (service: string, port: number) => [{ service, port, path: '/', stripPrefix: false }];
  const cases: [name: string, text: string, routes: object[]][] = [
    ['leads to the one published port', services, one('web', 80)],
    [
      'does not count the database',
      'x-greenroom: { database: { service: db, name: d } }\nservices: { web: { image: x, ports: [3000] }, db: { image: x, ports: ["5432:5432"] } }',
      one('web', 3000),
    ],
    [
      'takes an exposed port where none is published',
      'services: { web: { image: x, expose: ["3000"] }, db: { image: x } }',
      one('web', 3000),
    ],
    [
      'prefers published ports',
      'services: { web: { image: x, ports: ["127.0.0.1:80:3000/tcp"] }, db: { image: x, expose: [5432] } }',
      one('web', 3000),
    ],
    [
      'knows the long form, and no UDP',
      'services: { web: { image: x, ports: [{ target: 80, published: "8080" }, "53:53/udp"] } }',
      one('web', 80),
    ],
    ['counts a port once', 'services: { web: { image: x, ports: ["80:80", "81:80"] } }', one('web', 80)],
    ['is none where there are several', 'services: { a: { image: x, ports: [80] }, b: { image: x, ports: [81] } }', []],
    ['is none for a range', 'services: { a: { image: x, ports: ["8000-8002:80-82"] } }', []],
    ['is none where nothing is published', 'services: { a: { image: x } }', []],
    ['is none where that is said', 'x-greenroom: { ingress: [] }\nservices: { web: { image: x, ports: [80] } }', []],
  ];
  for (const [name, text, routes] of cases) it(name, () => assert.deepEqual(ingress(text), routes));

  it('is reported', () => {
    assert.ok(
      replacedIn(services).includes(
        'x-greenroom.ingress: is not given: / leads to web, port 80, the only one in ports',
      ),
    );
    assert.ok(
      replacedIn('services: { a: { image: x, ports: [80] }, b: { image: x, ports: [81] } }').includes(
        'x-greenroom.ingress: is not given, and no route is derived: a, b name several ports',
      ),
    );
  });
});
