import { type Agent, request } from 'node:http';
import type { StackPlan } from '../compose/plan.ts';
import { containerAgent } from '../engine/container-agent.ts';
import type { Host } from '../engine/host.ts';
import { containerNameOf } from '../stacks/names.ts';

export interface SmokeAnswer {
  service: string;
  path: string;
  status: number;
}

const timeoutMs = 10_000;
const maxBytes = 1 << 20;

/**
 * Asks the service at the ingress's root for its page, and then for the first asset of its own that the page links: a
 * page whose assets are missing is a broken release that answers 200. Undefined when no service has the root.
 */
export async function smoke(host: Host, stack: string, plan: StackPlan): Promise<SmokeAnswer[] | undefined> {
  const root = plan.greenroom.ingress.find(({ path }) => path === '/');
  if (!root) return undefined;
  const agent = containerAgent(host, containerNameOf(host.installation, stack, root.service), root.port);
  try {
    const page = await get(agent, '/');
    const answers = [{ service: root.service, path: '/', status: page.status }];
    const asset = /<(?:script|link|img)\b[^>]*?\b(?:src|href)="(\/(?!\/)[^"]+\.[a-z0-9]+(?:\?[^"]*)?)"/i.exec(
      page.body,
    )?.[1];
    if (asset) answers.push({ service: root.service, path: asset, status: (await get(agent, asset)).status });
    return answers;
  } finally {
    agent.destroy();
  }
}

function get(agent: Agent, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, path, headers: { host: 'localhost', accept: 'text/html, */*' } }, async (answer) => {
      let body = '';
      try {
        for await (const chunk of answer.setEncoding('utf8')) if (body.length < maxBytes) body += chunk;
        resolve({ status: answer.statusCode!, body });
      } catch (error) {
        reject(error);
      }
    });
    asked.setTimeout(timeoutMs, () => asked.destroy(new Error(`no answer to ${path} within ${timeoutMs / 1000} s`)));
    asked.on('error', reject).end();
  });
}
