import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServicePlan } from '../services/compose/plan.ts';
import { complaints, load, loadWeb, replacedIn, serviceOf, web } from './compose/load.ts';

type Case = [written: string, part: (service: ServicePlan) => unknown, result: unknown];

describe('a service', () => {
  const cases: Case[] = [
    ['restart: "no"', (one) => one.restart, { policy: 'no' }],
    ['restart: always', (one) => one.restart, { policy: 'always' }],
    ['restart: on-failure:3', (one) => one.restart, { policy: 'on-failure', maxRetries: 3 }],
    ['deploy: { restart_policy: { condition: any } }', (one) => one.restart, { policy: 'always' }],
    [
      'deploy: { restart_policy: { condition: on-failure, max_attempts: 2 } }',
      (one) => one.restart,
      { policy: 'on-failure', maxRetries: 2 },
    ],
    [
      'restart: unless-stopped\ndeploy: { restart_policy: { condition: none } }',
      (one) => one.restart,
      { policy: 'unless-stopped' },
    ],
    [
      'healthcheck: { test: curl -f localhost, interval: 1m30s, retries: 5 }',
      (one) => one.healthcheck,
      { test: ['CMD-SHELL', 'curl -f localhost'], intervalMs: 90_000, retries: 5 },
    ],
    [
      'healthcheck: { test: [CMD, a], start_period: 1s, start_interval: 500ms, timeout: 2s }',
      (one) => one.healthcheck,
      { test: ['CMD', 'a'], startPeriodMs: 1000, startIntervalMs: 500, timeoutMs: 2000 },
    ],
    ['healthcheck: { interval: 2s }', (one) => one.healthcheck, { intervalMs: 2000 }],
    ['healthcheck: { disable: true, test: a }', (one) => one.healthcheck, { test: ['NONE'] }],
    ['healthcheck: { test: [NONE] }', (one) => one.healthcheck, { test: ['NONE'] }],
    [
      'mem_limit: 512m\nmem_reservation: 256m\ncpus: "0.5"\npids_limit: 100\nshm_size: 1gb',
      (one) => [one.memoryBytes, one.memoryReservationBytes, one.cpus, one.pidsLimit, one.shmSizeBytes],
      [2 ** 29, 2 ** 28, 0.5, 100, 2 ** 30],
    ],
    [
      'deploy: { resources: { limits: { memory: 1g, cpus: "2", pids: 5 }, reservations: { memory: 512m } } }',
      (one) => [one.memoryBytes, one.memoryReservationBytes, one.cpus, one.pidsLimit],
      [2 ** 30, 2 ** 29, 2, 5],
    ],
    ['mem_limit: 1g\ndeploy: { resources: { limits: { memory: 1024m } } }', (one) => one.memoryBytes, 2 ** 30],
    ['pids_limit: -1\nmem_limit: 0', (one) => [one.pidsLimit, one.memoryBytes], [undefined, undefined]],
    [
      'ulimits: { nofile: 1024, nproc: { soft: 1, hard: -1 } }',
      (one) => one.ulimits,
      [
        { name: 'nofile', soft: 1024, hard: 1024 },
        { name: 'nproc', soft: 1, hard: -1 },
      ],
    ],
    ['sysctls: [net.core.somaxconn=1024]', (one) => one.sysctls, { 'net.core.somaxconn': '1024' }],
    ['extra_hosts: { a: [1.1.1.1, "::1"], b: "[::2]" }', (one) => one.extraHosts, ['a:1.1.1.1', 'a:::1', 'b:::2']],
    [
      'extra_hosts: ["a:1.1.1.1", "b=::1", "c:1.1.1.1,2.2.2.2"]',
      (one) => one.extraHosts,
      ['a:1.1.1.1', 'b:::1', 'c:1.1.1.1', 'c:2.2.2.2'],
    ],
    [
      'dns: 1.1.1.1\ndns_search: [a, b]\ndns_opt: ["ndots:1"]',
      (one) => [one.dns, one.dnsSearch, one.dnsOptions],
      [['1.1.1.1'], ['a', 'b'], ['ndots:1']],
    ],
    [
      'cap_drop: [ALL]\ncap_add: [CAP_CHOWN, net_bind_service]',
      (one) => [one.capDrop, one.capAdd],
      [['ALL'], ['CHOWN', 'NET_BIND_SERVICE']],
    ],
    ['security_opt: ["no-new-privileges:true"]', (one) => one.securityOpt, ['no-new-privileges=true']],
    ['network_mode: none', (one) => [one.networkMode, one.networks], ['none', []]],
    ['labels: [a=1, b]', (one) => one.labels, { a: '1', b: '' }],
    [
      'stop_grace_period: 1m30s\nstop_signal: SIGINT',
      (one) => [one.stopGracePeriodMs, one.stopSignal],
      [90_000, 'SIGINT'],
    ],
    [
      'user: "1000:1000"\nworking_dir: /srv\nhostname: h\ndomainname: example.test',
      (one) => [one.user, one.workingDir, one.hostname, one.domainname],
      ['1000:1000', '/srv', 'h', 'example.test'],
    ],
    [
      'init: true\ntty: true\nstdin_open: true\nread_only: true',
      (one) => [one.init, one.tty, one.stdinOpen, one.readOnly],
      [true, true, true, true],
    ],
    ['group_add: [1000, mail]', (one) => one.groupAdd, ['1000', 'mail']],
  ];
  for (const [written, part, result] of cases)
    it(written.replaceAll('\n', ', '), () => assert.deepEqual(part(loadWeb(written)), result));

  const refused: [written: string, complaint: RegExp][] = [
    ['ports: ["80:http"]', /^services\.web\.ports\[0\]: is not a port/],
    [
      'ports: ["80:", "80/icmp", 0]',
      /ports\[0\]: is not a port.*\n.*ports\[1\]: is not a port.*\n.*ports\[2\]: is not/,
    ],
    ['expose: ["99999"]', /^services\.web\.expose\[0\]: is not a port/],
    [
      'restart: sometimes',
      /^services\.web\.restart: must be one of no, always, on-failure, unless-stopped, or on-failure:N/,
    ],
    ['restart: always:3', /^services\.web\.restart: /],
    ['deploy: { restart_policy: { condition: constructor } }', /condition: must be one of none, on-failure, any/],
    ['healthcheck: { test: [curl, x] }', /^services\.web\.healthcheck\.test: a list must start with CMD/],
    [
      'mem_limit: 1g\ndeploy: { resources: { limits: { memory: 2g } } }',
      /^services\.web\.mem_limit: differs from deploy\.resources\.limits\.memory/,
    ],
    ['cpus: 1\ndeploy: { resources: { limits: { cpus: "2" } } }', /^services\.web\.cpus: differs/],
    ['scale: 2\ndeploy: { replicas: 3 }', /^services\.web\.scale: differs from deploy\.replicas/],
    ['ulimits: { nofile: { soft: 2, hard: 1 } }', /soft limit above the hard one/],
    ['extra_hosts: [a]', /an entry must be NAME=ADDRESS/],
    ['extra_hosts: ["a:b"]', /the address of a is not an IP address/],
    ['dns: example.com', /must be an IP address/],
    ['networks: [missing]', /^services\.web\.networks\.missing: there is no missing under networks/],
    ['network_mode: none\nnetworks: [default]', /has both network_mode and networks/],
    ['volumes: ["data:/data"]', /there is no data under volumes/],
    ['volumes: ["data:/a:ro:x"]', /is not a volume/],
    ['volumes: ["/a:"]', /is not a volume/],
    ['volumes: ["data:relative"]', /must be mounted at an absolute path/],
    ['volumes: ["/"]', /must be mounted at an absolute path/],
    ['configs: [missing]', /there is no missing under configs/],
    ['image: "not an image"', /already at/],
    ['hostname: "a b"', /is not a host name/],
    ['stop_signal: "a;b"', /must be a signal/],
  ];
  for (const [written, complaint] of refused)
    it(`refuses ${written.replaceAll('\n', ', ')}`, () => assert.match(complaints(web(written)).join('\n'), complaint));
});

describe('mounts', () => {
  const more =
    'volumes: { data: {} }\nsecrets: { token: { environment: TOKEN } }\nconfigs: { conf: { content: "a=$$b" }, file: { file: ./conf/x } }\n';
  const options = {
    variables: { TOKEN: 't' },
    files: { 'conf/x': 'x', 'conf/run.sh': '#!/bin/sh\n', 'conf/sub/y': 'y' },
  };
  const volume = { type: 'volume', target: '/d', readOnly: false, noCopy: false };
  const file = { type: 'file', mode: 0o644, uid: 0, gid: 0 };
  const cases: [written: string, mounts: object[]][] = [
    ['volumes: [/d]', [volume]],
    ['volumes: ["data:/d:ro"]', [{ ...volume, volume: 'data', readOnly: true }]],
    ['volumes: ["data:/d/../e/:rw,nocopy"]', [{ ...volume, volume: 'data', target: '/e', noCopy: true }]],
    [
      'volumes: [{ type: volume, source: data, target: /d, volume: { nocopy: true } }]',
      [{ ...volume, volume: 'data', noCopy: true }],
    ],
    [
      'volumes: [{ type: tmpfs, target: /t, tmpfs: { size: 64m, mode: 01777 } }]',
      [{ type: 'tmpfs', target: '/t', sizeBytes: 2 ** 26, mode: 0o1777 }],
    ],
    [
      'tmpfs: ["/t:size=64m,mode=1777", /run]',
      [
        { type: 'tmpfs', target: '/t', sizeBytes: 2 ** 26, mode: 0o1777 },
        { type: 'tmpfs', target: '/run' },
      ],
    ],
    ['volumes: ["./conf/x:/etc/x:ro"]', [{ ...file, content: 'x', target: '/etc/x' }]],
    [
      'volumes: ["./conf:/etc/c"]',
      [
        { ...file, content: '#!/bin/sh\n', target: '/etc/c/run.sh', mode: 0o755 },
        { ...file, content: 'y', target: '/etc/c/sub/y' },
        { ...file, content: 'x', target: '/etc/c/x' },
      ],
    ],
    ['volumes: [{ type: bind, source: conf/x, target: /x }]', [{ ...file, content: 'x', target: '/x' }]],
    ['secrets: [token]', [{ ...file, content: 't', target: '/run/secrets/token', mode: 0o444 }]],
    [
      'secrets: [{ source: token, target: /t, uid: "1", gid: "2", mode: 0440 }]',
      [{ type: 'file', content: 't', target: '/t', mode: 0o440, uid: 1, gid: 2 }],
    ],
    [
      'secrets: [{ source: token, target: sub/t, mode: "0o400" }]',
      [{ ...file, content: 't', target: '/run/secrets/sub/t', mode: 0o400 }],
    ],
    [
      'configs: [conf, { source: file, target: /etc/x }]',
      [
        { ...file, content: 'a=$b', target: '/conf', mode: 0o444 },
        { ...file, content: 'x', target: '/etc/x', mode: 0o444 },
      ],
    ],
  ];
  for (const [written, mounts] of cases)
    it(written, () => assert.deepEqual(loadWeb(written, more, options).mounts, mounts));

  it('turns a folder that is not in the bundle into a volume that services share', () => {
    const text = web('volumes: ["./pg data:/var/lib/x"]', '  other: { image: x, volumes: ["./pg data/:/y"] }\n');
    const plan = load(text);
    const [name] = plan.volumes.map((one) => one.name);
    assert.match(name ?? '', /^folder-pg-data-[0-9a-f]{6}$/);
    const mounts = plan.services.flatMap((service) =>
      service.mounts.map((mount) => mount.type === 'volume' && mount.volume),
    );
    assert.deepEqual(mounts, [name, name]);
    assert.match(plan.replaced[0]?.what ?? '', /no host folder is mounted/);
  });

  const refused: [written: string, complaint: RegExp][] = [
    [
      'volumes: ["./nginx.conf:/etc/nginx/nginx.conf"]',
      /^services\.web\.volumes\[0\]: there is no nginx\.conf in the bundle/,
    ],
    ['volumes: ["./src:/app:ro"]', /there is no src in the bundle/],
    [
      'volumes: [{ type: bind, source: ./src, target: /app, bind: { create_host_path: false } }]',
      /there is no src in the bundle/,
    ],
    [
      'tmpfs: /d/\nvolumes: ["data:/d"]',
      /^services\.web\.tmpfs: mounts at \/d, where services\.web\.volumes\[0\] already does/,
    ],
    [
      'tmpfs: /run\nsecrets: [token]',
      /services\.web\.secrets\[0\]: puts a file at \/run\/secrets\/token, which the tmpfs of services\.web\.tmpfs would hide/,
    ],
    ['tmpfs: "/t:exec"', /the option exec of a tmpfs is not supported/],
    ['volumes: ["data:/d:foo"]', /the option foo is not known/],
    ['volumes: [{ type: image, source: x, target: /d }]', /mounts of type image are not supported/],
    ['secrets: [{ source: token, mode: 99999 }]', /mode: must be a file mode such as 0440/],
  ];
  for (const [written, complaint] of refused)
    it(`refuses ${written.replaceAll('\n', ', ')}`, () =>
      assert.match(
        complaints({ 'compose.yaml': web(written, more) }, { variables: { TOKEN: 't' } }).join('\n'),
        complaint,
      ));

  it('refuses secrets and configs that have no content', () => {
    const tops = 'secrets: { a: {}, b: { environment: NONE }, c: { file: none }, d: { file: x, environment: Y } }\n';
    const found = complaints(web('secrets: [a, b, c, d]', tops));
    assert.deepEqual(
      found.map((one) => one.replace(/ \(.*/, '')),
      [
        'secrets.a: needs a file, an environment or, for a config, a content',
        'secrets.b.environment: the variable NONE is not set',
        'secrets.c.file: there is no file none in the bundle',
        'secrets.d: has file and environment, of which only one may be given',
      ],
    );
  });
});

describe('networks', () => {
  it('are default where none is named, and only those in use', () => {
    const plan = load(
      web(
        '',
        '  api: { image: x, networks: { back: { aliases: [api.local], priority: 10 }, front: } }\nnetworks: { back: { internal: true, labels: [a=b] }, front: { external: true }, unused: {} }\n',
      ),
    );
    assert.deepEqual(serviceOf(plan, 'web').networks, [{ name: 'default', aliases: [] }]);
    assert.deepEqual(serviceOf(plan, 'api').networks, [
      { name: 'back', aliases: ['api.local'] },
      { name: 'front', aliases: [] },
    ]);
    assert.deepEqual(plan.networks, [
      { name: 'back', internal: true, labels: { a: 'b' }, external: false },
      { name: 'default', internal: false, labels: {}, external: false },
      { name: 'front', internal: false, labels: {}, external: true },
    ]);
  });

  it('carry the aliases of links', () => {
    const plan = load(web('links: [db, "db:database"]', '  db: { image: db }\n'));
    assert.deepEqual(serviceOf(plan, 'db').networks, [{ name: 'default', aliases: ['database'] }]);
    assert.deepEqual(
      plan.services.map(({ name }) => name),
      ['db', 'web'],
    );
  });

  it('say what becomes of a host-wide one', () => {
    assert.deepEqual(replacedIn(web('network_mode: bridge')), [
      "services.web.network_mode: the stack's own default network is used, not the host's common one",
    ]);
  });
});
