import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { Operation } from '../../examples/demo/client.ts';
import type { MaskingPolicy } from '../../openapi/aliases.ts';
import type { RehearsalReport } from '../../services/rehearsals/report.ts';
import type { TestService } from './service.ts';

const run = promisify(execFile);
const shop = join(import.meta.dirname, '../../examples/shop');

export const composeFile = readFileSync(join(shop, 'compose.yaml'), 'utf8');
export const policy = parse(readFileSync(join(shop, 'masking.yaml'), 'utf8')) as MaskingPolicy;

export interface Production {
  name: string;
  url: string;
  remove(): Promise<void>;
}

/** The example's production database in a container of its own, at a hundredth of its size. */
export async function startProduction(
  options: { salt?: string; canary?: string; canaryDigits?: string; scale?: string } = {},
): Promise<Production> {
  const name = `greenroom-test-production-${randomBytes(4).toString('hex')}`;
  const { stdout } = await run(join(shop, 'production/up.sh'), [
    name,
    ...['--scale', options.scale ?? '0.01'],
    ...(options.salt ? ['--salt', options.salt] : []),
    ...(options.canary ? ['--canary', options.canary] : []),
    ...(options.canaryDigits ? ['--canary-digits', options.canaryDigits] : []),
  ]);
  return { name, url: stdout.trim(), remove: async () => void (await run(join(shop, 'production/down.sh'), [name])) };
}

export async function createShop(service: TestService, name = 'shop'): Promise<void> {
  await service.call('POST', '/v1/projects', { name, bundle: { files: { 'compose.yaml': composeFile } } });
}

/** Makes a source of a production and captures it. @returns the snapshot's id. */
export async function capture(service: TestService, production: Production, source = 'production'): Promise<string> {
  await service.call('POST', '/v1/projects/shop/sources', { name: source, url: production.url, policy });
  const operation = await service.call<Operation>('POST', '/v1/snapshots', { project: 'shop', source });
  await service.follow(operation);
  return operation.subject;
}

export async function createStack(service: TestService, name: string, more: object = {}): Promise<Operation> {
  const wish = { name, project: 'shop', release: { version: 'v0' }, ...more };
  return service.follow(await service.call<Operation>('POST', '/v1/stacks', wish));
}

/** Rehearses a release of the shop to its end. */
export async function rehearseRelease(
  service: TestService,
  release: object,
): Promise<{ state: string; report: RehearsalReport }> {
  const wish = { kind: 'rehearsal', project: 'shop', release };
  const { subject } = await service.follow(await service.call<Operation>('POST', '/v1/migration-runs', wish));
  return service.call('GET', `/v1/migration-runs/${subject}`);
}
