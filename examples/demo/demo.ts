import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { components } from '../../openapi/types.ts';
import { type Client, createClient, type Operation } from './client.ts';
import { removeService, startService } from './service.ts';

type Schemas = components['schemas'];

const run = promisify(execFile);
const shop = join(import.meta.dirname, '../shop');
const once = process.argv.includes('--once');
const production = once ? `greenroom-demo-production-${randomUUID().slice(0, 8)}` : 'greenroom-demo-production';
const stack = 'demo';
const ms: Record<string, number> = {};

/** Tells a step as it begins and how long it took. */
async function step<T>(name: string, what: string, work: (tell: (text: string) => void) => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  process.stdout.write(`▸ ${what}\n`);
  let last = '';
  const result = await work((text) => {
    if (text !== last) process.stdout.write(`    ${text}\n`);
    last = text;
  });
  ms[name] = Math.round(performance.now() - startedAt);
  process.stdout.write(`  ✓ ${(ms[name] / 1000).toFixed(1)} s\n`);
  return result;
}

function teller(tell: (text: string) => void): (operation: Operation) => void {
  return ({ progress }) => {
    if (!progress) return;
    const share = progress.total ? ` ${Math.round((100 * (progress.done ?? 0)) / progress.total)} %` : '';
    tell(progress.message + share);
  };
}

async function demo(client: Client): Promise<{ project: string; snapshot: string; stack: Schemas['StackDetail'] }> {
  const { call, follow } = client;
  const url = await step('production', 'a production database with 315,000 rows about people', async () => {
    // One that an earlier demo left is made anew.
    await run(join(shop, 'production/down.sh'), [production]);
    const { stdout } = await run(join(shop, 'production/up.sh'), [production]);
    return stdout.trim();
  });

  await step('project', 'the project, from the Compose file that production runs', async (tell) => {
    const files = { 'compose.yaml': await readFile(join(shop, 'compose.yaml'), 'utf8') };
    const definition = { bundle: { files } };
    const projects = await call<{ items: Schemas['Project'][] }>('GET', '/v1/projects');
    const known = projects.items.some(({ name }) => name === 'shop');
    const project = known
      ? await call<Schemas['Project']>('PUT', '/v1/projects/shop', definition)
      : await call<Schemas['Project']>('POST', '/v1/projects', { name: 'shop', ...definition });
    tell(`services: ${project.services.join(', ')}`);
  });

  await step('source', 'its production database as a source, with a masking policy for every column', async (tell) => {
    const policy = parse(await readFile(join(shop, 'masking.yaml'), 'utf8'));
    await call('DELETE', '/v1/projects/shop/sources/production').catch(() => {});
    await call('POST', '/v1/projects/shop/sources', { name: 'production', url, policy });
    const probe = await call<{ readable: boolean; version: string; tables: unknown[] }>(
      'POST',
      '/v1/projects/shop/sources/production/probe',
    );
    tell(`readable: ${probe.readable}; Postgres ${probe.version}; ${probe.tables.length} tables and views`);
  });

  const snapshot = await step('snapshot', 'a snapshot, masked in flight', async (tell) => {
    const operation = await call<Operation>('POST', '/v1/snapshots', { project: 'shop', source: 'production' });
    const { result } = await follow(operation, teller(tell));
    tell(`${result!.rows} rows of ${result!.tables} tables; no unmasked value was written to a disk`);
    return operation.subject;
  });

  return step('stack', 'a stack on a clone of it', async (tell) => {
    const existing = await call<{ items: Schemas['Stack'][] }>('GET', '/v1/stacks');
    if (existing.items.some(({ name }) => name === stack)) {
      await follow(await call<Operation>('DELETE', `/v1/stacks/${stack}`));
    }
    const wish = {
      name: stack,
      project: 'shop',
      snapshot,
      release: { version: 'v0' },
      kind: once ? 'ephemeral' : 'persistent',
    };
    await follow(await call<Operation>('POST', '/v1/stacks', wish), teller(tell));
    const detail = await call<Schemas['StackDetail']>('GET', `/v1/stacks/${stack}`);
    for (const { name, state, health } of detail.services)
      tell(`${name}: ${state}${health === 'healthy' ? ', healthy' : ''}`);
    tell(`data cloned by ${detail.cloneMode}`);
    return { project: 'shop', snapshot, stack: detail };
  });
}

async function ask(client: Client): Promise<void> {
  await step('requests', 'the application answers on masked data', async (tell) => {
    const base = `${client.url}/s/${stack}`;
    const page = await (await fetch(`${base}/`)).text();
    const asset = /(?:src|href)="([^"]*\/assets\/[^"]+)"/.exec(page)?.[1];
    if (!asset) throw new Error('The page links no asset');
    const linked = await fetch(new URL(asset, `${base}/`));
    if (!linked.ok) throw new Error(`${asset} answered ${linked.status}`);
    const answer = await fetch(`${base}/api/customers?limit=3`);
    const { total, customers } = (await answer.json()) as { total: number; customers: Record<string, string>[] };
    tell(`${total} customers, the first three of them:`);
    for (const customer of customers) tell(`  ${JSON.stringify(customer).slice(0, 110)}`);
  });
}

/** Two candidates: one that may go to production and one that may not, and why. */
async function judge({
  call,
  follow,
}: Client): Promise<{ verdict: Record<string, string>; rehearsal: Record<string, string> }> {
  const verdict: Record<string, string> = {};
  const rehearsal: Record<string, string> = {};
  for (const version of ['v1', 'v2']) {
    await step(
      `rehearsal-${version}`,
      `release ${version}: its migrations, rehearsed on throwaway clones`,
      async (tell) => {
        const image = `shop-backend:${version}`;
        await call('DELETE', `/v1/projects/shop/releases/${version}`).catch(() => {});
        const services = { backend: { image }, migrator: { image } };
        await call('POST', '/v1/projects/shop/releases', { version, services });
        const operation = await call<Operation>('POST', '/v1/migration-runs', {
          kind: 'rehearsal',
          project: 'shop',
          release: { version },
        });
        await follow(operation, teller(tell));
        rehearsal[version] = operation.subject;
        const path = `/v1/projects/shop/releases/${version}/readiness?stack=${stack}`;
        const readiness = await call<Schemas['Readiness']>('GET', path);
        verdict[version] = readiness.verdict;
        for (const line of (await call<string>('GET', `${path}&format=text`)).trim().split('\n')) tell(line);
      },
    );
  }
  return { verdict, rehearsal };
}

async function main(): Promise<void> {
  const service = await step('service', 'a live greenroom', (tell) => startService(once).finally(() => tell('ready')));
  const client = createClient(service.url, service.token);
  try {
    const made = await demo(client);
    await ask(client);
    const judged = await judge(client);
    if (!once) {
      process.stdout.write(`
greenroom    ${service.url}   (log: ${service.logFile})
token        ${service.token}
stack        ${made.stack.urls.host}
             ${made.stack.urls.path}
production   container ${production}
\`npm run demo -- --down\` takes all of it down.
`);
      return;
    }
    await step('teardown', 'taking everything down', async () => {
      await client.follow(await client.call<Operation>('DELETE', `/v1/stacks/${stack}`));
      await client.follow(await client.call<Operation>('DELETE', `/v1/snapshots/${made.snapshot}`));
    });
    process.stdout.write(
      `${JSON.stringify({ project: made.project, snapshot: made.snapshot, stack, ...judged, ms })}\n`,
    );
  } finally {
    if (once) {
      await service.remove();
      await run(join(shop, 'production/down.sh'), [production]);
    }
  }
}

if (process.argv.includes('--down')) {
  await removeService();
  await run(join(shop, 'production/down.sh'), [production]);
} else {
  await main();
}
