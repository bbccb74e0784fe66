import type { Agent } from 'node:http';
import type { IngressRoute } from '../compose/plan.ts';
import { queryOne } from '../database/queries.ts';
import { containerAgent } from '../engine/container-agent.ts';
import { ifPresent } from '../engine/host.ts';
import { Problem } from '../errors.ts';
import { type Greenroom, hostOf } from '../greenroom.ts';
import { containerNameOf } from './names.ts';
import { openPlan, type StackRow } from './stack.ts';

export interface Routed {
  /** The path (with the query) that the service is asked for. */
  path: string;
  /** What was taken off the path. */
  stripped: string;
  agent: Agent;
}

/** How long a stack's routes and containers are taken as known. */
const cacheMs = 1000;

interface Known {
  until: number;
  routes: IngressRoute[];
  agents: Map<string, Agent>;
}

/**
 * Finds which service of which stack answers a request. The longest matching path wins, as in nginx's prefix
 * locations; a path matches whole segments.
 */
export function stackRouter(greenroom: Greenroom): (stack: string, url: string) => Promise<Routed> {
  const known = new Map<string, Known>();
  const agents = new Map<string, Agent>();

  const look = async (stack: string): Promise<Known> => {
    const row = await queryOne<StackRow>(greenroom.pool, 'get-stack', [stack]);
    if (!row) {
      throw new Problem('no-ingress', `There is no stack ${stack}`, {
        where: stack,
        remedy: 'GET /v1/stacks lists them.',
      });
    }
    if (row.state === 'failed' || row.state === 'deleting') {
      throw new Problem('no-ingress', `Stack ${stack} is ${row.state}`, { where: stack });
    }
    const host = hostOf(greenroom, row.host);
    const { ingress } = openPlan(greenroom.sealer, row).greenroom;
    const found = await Promise.all(
      ingress.map(async ({ service, port }) => {
        const name = containerNameOf(greenroom.installation, stack, service);
        const info = await ifPresent(host.docker.getContainer(name).inspect());
        if (!info?.State.Running) return undefined;
        // By id and start: a container made anew under the same name is another one.
        const key = `${info.Id}:${info.State.StartedAt}:${port}`;
        const agent = agents.get(key) ?? containerAgent(host, info.Id, port);
        agents.set(key, agent);
        return [`${service}:${port}`, agent, key] as const;
      }),
    );
    const current = found.filter((entry) => entry !== undefined);
    const entry = {
      until: Date.now() + cacheMs,
      routes: ingress.toSorted((a, b) => b.path.length - a.path.length),
      agents: new Map(current.map(([name, agent]) => [name, agent])),
    };
    known.set(stack, entry);
    return entry;
  };

  const forget = setInterval(() => {
    const now = Date.now();
    for (const [stack, entry] of known) if (entry.until < now) known.delete(stack);
    const used = new Set([...known.values()].flatMap((entry) => [...entry.agents.values()]));
    for (const [key, agent] of agents) {
      if (used.has(agent)) continue;
      agents.delete(key);
      // Sockets in use go on; idle ones are closed.
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }, 60_000);
  forget.unref();

  return async (stack, url) => {
    const cached = known.get(stack);
    const entry = cached && cached.until > Date.now() ? cached : await look(stack);
    const [path = '/', search] = splitUrl(url);
    const route = entry.routes.find((candidate) => isUnder(path, candidate.path));
    if (!route) {
      throw new Problem('no-ingress', `Stack ${stack} has no route for ${path}`, {
        where: path,
        remedy: 'Add it to x-greenroom.ingress in the Compose file.',
      });
    }
    const agent = entry.agents.get(`${route.service}:${route.port}`);
    if (!agent) {
      throw new Problem('service-unreachable', `Service ${route.service} of stack ${stack} does not run`, {
        where: `services.${route.service}`,
        remedy: `GET /v1/stacks/${stack} shows its state.`,
      });
    }
    const stripped = route.stripPrefix && route.path !== '/' ? route.path.replace(/\/$/, '') : '';
    return { path: (path.slice(stripped.length) || '/') + search, stripped, agent };
  };
}

function splitUrl(url: string): [string, string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at)];
}

function isUnder(path: string, prefix: string): boolean {
  const base = prefix.replace(/\/$/, '');
  return base === '' || path === base || path.startsWith(`${base}/`);
}
