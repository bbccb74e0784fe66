import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, load, loadWeb, mistakesOf, serviceOf, web } from './compose/load.ts';

const data = 'volumes: { data: {} }\n';

describe('what reaches the host', () => {
  const allowable: [body: string, allow: string][] = [
    ['privileged: true', 'services.web.privileged'],
    ['privileged: "yes"', 'services.web.privileged'],
    ['cap_add: [NET_ADMIN]', 'services.web.cap_add:NET_ADMIN'],
    ['cap_add: [cap_sys_admin]', 'services.web.cap_add:SYS_ADMIN'],
    ['cap_add: [ALL]', 'services.web.cap_add:ALL'],
    ['security_opt: ["seccomp:unconfined"]', 'services.web.security_opt:seccomp=unconfined'],
    ['security_opt: [apparmor=unconfined]', 'services.web.security_opt:apparmor=unconfined'],
    ['security_opt: ["label:disable"]', 'services.web.security_opt:label=disable'],
    ['security_opt: ["no-new-privileges:false"]', 'services.web.security_opt:no-new-privileges=false'],
    ['security_opt: [systempaths=unconfined]', 'services.web.security_opt:systempaths=unconfined'],
    ['devices: ["/dev/fuse:/dev/fuse:rwm"]', 'services.web.devices:/dev/fuse'],
    ['devices: [{ source: /dev/kvm }]', 'services.web.devices:/dev/kvm'],
    ['volumes: ["/srv/data:/data"]', 'services.web.volumes:/srv/data'],
    ['volumes: [{ type: bind, source: /srv/data/, target: /data }]', 'services.web.volumes:/srv/data'],
    ['volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]', 'services.web.volumes:/var/run/docker.sock'],
    ['volumes: ["/:/host"]', 'services.web.volumes:/'],
    ['pid: host', 'services.web.pid:host'],
    ['ipc: host', 'services.web.ipc:host'],
    ['uts: host', 'services.web.uts:host'],
    ['userns_mode: host', 'services.web.userns_mode:host'],
    ['cgroup: host', 'services.web.cgroup:host'],
    ['ulimits: { rtprio: 99 }', 'services.web.ulimits:rtprio'],
    ['extra_hosts: ["host.docker.internal:host-gateway"]', 'services.web.extra_hosts:host-gateway'],
  ];
  for (const [body, allow] of allowable)
    it(`is refused unless allowed by name: ${body}`, () => {
      const [mistake, ...more] = mistakesOf(web(body));
      assert.ok(mistake?.where.startsWith(allow.split(':')[0] ?? '-'), `${mistake?.where} names the key`);
      assert.ok(mistake?.remedy?.includes(`\`${allow}\``), `${mistake?.remedy} names the permission`);
      assert.deepEqual(more, []);
      assert.deepEqual(complaints(web(body), { allow: [allow] }), []);
      const other = allow.replace('web', 'other');
      assert.equal(complaints(web(body), { allow: [other, 'services.web.cap_add:SYS_NICE'] }).length, 1);
    });

  const never: [body: string, where: string, more?: string][] = [
    ['network_mode: host', 'services.web.network_mode'],
    ['network_mode: "container:greenroom-db"', 'services.web.network_mode'],
    ['network_mode: "service:db"', 'services.web.network_mode', '  db: { image: db }\n'],
    ['network_mode: gr-x-stack', 'services.web.network_mode'],
    ['pid: "container:greenroom-db"', 'services.web.pid'],
    ['ipc: "service:db"', 'services.web.ipc', '  db: { image: db }\n'],
    ['cgroup_parent: /system.slice', 'services.web.cgroup_parent'],
    ['device_cgroup_rules: ["a *:* rwm"]', 'services.web.device_cgroup_rules'],
    ['devices: ["/etc/shadow:/x"]', 'services.web.devices[0]'],
    ['devices: ["/dev/../etc/shadow"]', 'services.web.devices[0]'],
    ['devices: ["vendor.com/gpu=all"]', 'services.web.devices[0]'],
    ['security_opt: [seccomp=./loose.json]', 'services.web.security_opt[0]'],
    ['sysctls: { kernel.core_pattern: x }', 'services.web.sysctls.kernel.core_pattern'],
    ['sysctls: ["net/../kernel/core_pattern=x"]', 'services.web.sysctls.net/../kernel/core_pattern'],
    ['runtime: sysbox', 'services.web.runtime'],
    ['volumes_from: ["container:greenroom-db"]', 'services.web.volumes_from'],
    ['external_links: [greenroom-db]', 'services.web.external_links'],
    ['credential_spec: { file: x.json }', 'services.web.credential_spec'],
    ['oom_score_adj: -500', 'services.web.oom_score_adj'],
    ['oom_kill_disable: true', 'services.web.oom_kill_disable'],
    ['gpus: all', 'services.web.gpus'],
    [
      'deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }',
      'services.web.deploy.resources.reservations.devices',
    ],
    ['cpu_rt_runtime: 95000', 'services.web.cpu_rt_runtime'],
    ['annotations: { run.oci.hooks: x }', 'services.web.annotations'],
    ['use_api_socket: true', 'services.web.use_api_socket'],
    ['provider: { type: sh }', 'services.web.provider'],
    ['post_start: [{ command: x, privileged: true }]', 'services.web.post_start'],
    ['models: [m]', 'services.web.models'],
    ['labels: { greenroom.installation: x }', 'services.web.labels.greenroom.installation'],
    ['labels: [com.docker.compose.project=x]', 'services.web.labels.com.docker.compose.project'],
    ['labels: { Com.Docker.Swarm.task: x }', 'services.web.labels.Com.Docker.Swarm.task'],
    ['volumes: ["../secrets:/s"]', 'services.web.volumes[0]'],
    ['volumes: ["./a/../../b:/s"]', 'services.web.volumes[0]'],
    ['volumes: ["~/.ssh:/s"]', 'services.web.volumes[0]'],
    ['volumes: ["C:\\\\Users:/s"]', 'services.web.volumes[0]'],
    ['volumes: [{ type: bind, source: ./x, target: /s, bind: { propagation: rshared } }]', 'services.web.volumes[0]'],
    ['volumes: [{ type: npipe, source: x, target: /s }]', 'services.web.volumes[0]'],
    [
      'volumes: [{ type: volume, source: data, target: /s, volume: { subpath: ../x } }]',
      'services.web.volumes[0].volume.subpath',
      data,
    ],
    [
      'volumes: ["data:/s"]',
      'volumes.data.driver_opts',
      'volumes: { data: { driver_opts: { type: none, o: bind, device: / } } }\n',
    ],
    ['volumes: ["data:/s"]', 'volumes.data.driver', 'volumes: { data: { driver: vieux/sshfs } }\n'],
    [
      'volumes: ["data:/s"]',
      'volumes.data.labels.greenroom.stack',
      'volumes: { data: { labels: { greenroom.stack: x } } }\n',
    ],
    ['networks: [a]', 'networks.a.driver', 'networks: { a: { driver: host } }\n'],
    ['networks: [a]', 'networks.a.driver', 'networks: { a: { driver: macvlan } }\n'],
    [
      'networks: [a]',
      'networks.a.labels.com.docker.compose.network',
      'networks: { a: { labels: [com.docker.compose.network=x] } }\n',
    ],
    ['secrets: [s]', 'secrets.s.file', 'secrets: { s: { file: /etc/shadow } }\n'],
    ['secrets: [s]', 'secrets.s.external', 'secrets: { s: { external: true } }\n'],
    ['configs: [c]', 'configs.c.file', 'configs: { c: { file: ../../etc/shadow } }\n'],
    ['configs: [c]', 'configs.c.template_driver', 'configs: { c: { content: x, template_driver: golang } }\n'],
    ['label_file: /etc/hostname', 'services.web.label_file'],
  ];
  for (const [body, where, more = ''] of never)
    it(`is refused whatever is allowed: ${where}, ${body}`, () => {
      const text = web(body, more);
      assert.ok(
        mistakesOf(text).some((mistake) => mistake.where === where),
        complaints(text).join('; '),
      );
    });

  it('is looked for after extends, overrides, anchors and interpolation', () => {
    const files = {
      'compose.yaml':
        'x-a: &a { privileged: "$YES" }\nservices:\n  web: { extends: { service: base, file: sub/base.txt }, <<: *a }\n',
      'over.yaml': 'services: { web: { pid: host } }',
      'sub/base.txt': 'services: { base: { image: x, cap_add: [SYS_PTRACE] } }',
    };
    assert.deepEqual(
      mistakesOf(files, { variables: { YES: 'true' } }).map(({ where }) => where),
      ['services.web.privileged', 'services.web.cap_add', 'services.web.pid'],
    );
  });

  it('does not matter in a service that does not run', () => {
    assert.deepEqual(complaints(web('', '  tool: { image: x, privileged: true, profiles: [tools] }\n')), []);
  });

  it('is in the plan where it is allowed', () => {
    const allow = ['volumes:/srv/data', 'pid:host', 'devices:/dev/fuse', 'privileged'].map(
      (one) => `services.web.${one}`,
    );
    const service = loadWeb('volumes: ["/srv/data:/data:ro"]\npid: host\ndevices: [/dev/fuse]\nprivileged: true', '', {
      allow,
    });
    assert.deepEqual(service.mounts, [{ type: 'bind', source: '/srv/data', target: '/data', readOnly: true }]);
    assert.deepEqual(
      [service.namespaces, service.devices, service.privileged],
      [{ pid: 'host' }, ['/dev/fuse:/dev/fuse:rwm'], true],
    );
  });

  it('is allowed for the very path, none above, below or beside', () => {
    const allow = ['services.web.volumes:/srv'];
    for (const path of ['/srv/data', '/srv/..', '/srv/../etc', '//etc', '/srvx'])
      assert.equal(complaints(web(`volumes: ["${path}:/data"]`), { allow }).length, 1, path);
  });
});

describe('a permission', () => {
  for (const allow of [
    'services.web.network_mode:host',
    'services.web',
    '*',
    'services.web.privileged:true',
    'privileged',
  ])
    it(`must name something that can be allowed, unlike ${allow}`, () => {
      assert.match(complaints(web(''), { allow: [allow] })[0] ?? '', /^allow .*: is nothing that can be allowed$/);
    });
});

describe('labels that steer a program on the host', () => {
  const body =
    'labels: { traefik.enable: "true", com.centurylinklabs.watchtower.enable: "true", ofelia.job-local.x.command: id, app: shop }';

  it('are left out, and reported', () => {
    const plan = load(web(body));
    assert.deepEqual(serviceOf(plan, 'web').labels, { app: 'shop' });
    assert.equal(plan.replaced.length, 3);
    assert.match(plan.replaced[0]?.what ?? '', /an administrator may allow it with `services\.web\.labels:traefik`/);
  });

  it('stay where they are allowed', () => {
    assert.deepEqual(loadWeb(body, '', { allow: ['services.web.labels:traefik'] }).labels, {
      'traefik.enable': 'true',
      app: 'shop',
    });
  });
});
