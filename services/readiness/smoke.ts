import { type Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StackPlan } from '../compose/plan.ts';
import { containerAgent } from '../engine/container-agent.ts';
import type { Host } from '../engine/host.ts';
import { messageOf, Problem } from '../errors.ts';
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

/** A service without a health check may be up some seconds before it answers. */
const patienceMs = 10_000;

/** The same as a demand, with some patience. @throws Problem `smoke-failed` */
export async function smokeTest(
  host: Host,
  stack: string,
  plan: StackPlan,
  signal: AbortSignal,
): Promise<SmokeAnswer[] | undefined> {
  for (const deadline = Date.now() + patienceMs; ; ) {
    signal.throwIfAborted();
    const found = await smoke(host, stack, plan).catch((error) => messageOf(error));
    const bad = typeof found === 'string' ? found : found?.find(({ status }) => status >= 400);
    if (bad === undefined) return found as SmokeAnswer[] | undefined;
    if (Date.now() > deadline) {
      const what = typeof bad === 'string' ? bad : `${bad.path} of service ${bad.service} answered ${bad.status}`;
      throw new Problem('smoke-failed', `The application on stack ${stack} does not answer as it should: ${what}`, {
        where: typeof bad === 'string' ? '/' : bad.path,
        remedy: 'Look at the log of its services.',
      });
    }
    await sleep(200);
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
