import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { components } from '../../openapi/types.ts';
import type { ApplyReport } from '../../services/migrations/report.ts';
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
      kind: 'persistent',
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

/** Two candidates: one that may go to production and one that may not, and why; as a CI job would ask. */
async function judge({
  url,
  call,
  follow,
  token,
}: Client & { token: string }): Promise<{ verdict: Record<string, string>; rehearsal: Record<string, string> }> {
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
        const wish = { kind: 'rehearsal', project: 'shop', release: { version } };
        const operation = await call<Operation>('POST', '/v1/migration-runs', wish);
        await follow(operation, teller(tell));
        rehearsal[version] = operation.subject;
        const environment = { ...process.env, GREENROOM_URL: url, GREENROOM_TOKEN: token };
        const script = join(import.meta.dirname, 'verdict.ts');
        const asked = await run(process.execPath, [script, 'shop', version, stack], { env: environment }).catch(
          (error: { code: number; stdout: string; stderr: string }) => error,
        );
        const code = 'code' in asked ? asked.code : 0;
        if (code > 1) throw new Error(`verdict.ts exited with ${code}: ${asked.stderr}`);
        for (const line of asked.stdout.trim().split('\n')) tell(line);
        tell(`exit code ${code}`);
        verdict[version] = asked.stdout.split(' ', 1)[0]!;
      },
    );
  }
  return { verdict, rehearsal };
}

/** The release that may go is put on the stack, and taken back again. */
async function apply({ call, follow, url }: Client): Promise<string> {
  const versionOf = async () => (await (await fetch(`${url}/s/${stack}/api/version`)).json()) as object;
  const backup = await step('apply', 'v1 on the persistent stack, with a verified backup', async (tell) => {
    const wish = { release: { version: 'v1' }, migrate: 'auto' };
    const operation = await call<Operation>('POST', `/v1/stacks/${stack}/deploy`, wish);
    const { result } = await follow(operation, teller(tell));
    tell(`the application says ${JSON.stringify(await versionOf())}`);
    const { report } = await call<{ report: ApplyReport }>('GET', `/v1/migration-runs/${result!.run}`);
    tell(`backup ${report.backup!.id}, verified in ${report.verification!.verifyMs} ms`);
    return report.backup!.id;
  });
  await step('restore', 'and back again, from that backup', async (tell) => {
    const operation = await call<Operation>('POST', `/v1/stacks/${stack}/restore`, { backup });
    await follow(operation, teller(tell));
    tell(`the application says ${JSON.stringify(await versionOf())}`);
  });
  return backup;
}

async function main(): Promise<void> {
  const service = await step('service', 'a live greenroom', (tell) => startService(once).finally(() => tell('ready')));
  const client = createClient(service.url, service.token);
  try {
    const made = await demo(client);
    await ask(client);
    const judged = await judge({ ...client, token: service.token });
    const backup = await apply(client);
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
      `${JSON.stringify({ project: made.project, snapshot: made.snapshot, stack, ...judged, backup, ms })}\n`,
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
