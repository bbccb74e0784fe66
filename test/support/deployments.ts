import pg from 'pg';
import type { Operation } from '../../examples/demo/client.ts';
import type { components } from '../../openapi/types.ts';
import { type DatabaseContent, readContent } from '../../services/backups/content.ts';
import { containerStream } from '../../services/engine/container-stream.ts';
import type { ApplyReport } from '../../services/migrations/report.ts';
import { docker, type TestService } from './service.ts';
import { composeFile } from './shop.ts';

type Schemas = components['schemas'];
export type Run = Schemas['MigrationRunDetail'] & { report: ApplyReport };

export const releaseOf = (version: string) => {
  const image = `shop-backend:${version}`;
  return { version, services: { backend: { image }, migrator: { image } } };
};

/** What tests of deployments ask of a service and of its stacks' databases. */
export function deploymentsOn(service: TestService) {
  const { call } = service;
  const ended = async (operation: Operation) => {
    await service.follow(operation).catch(() => {});
    return call<Operation>('GET', `/v1/operations/${operation.id}`);
  };
  const connectTo = async (stack: string): Promise<pg.Client> => {
    const stream = containerStream({ docker }, `gr-${service.installation}-${stack}_postgres-1`, 5432);
    const client = new pg.Client({ user: 'postgres', password: 'postgres-dev', database: 'shop', stream });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const onDatabase = async <T>(stack: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = await connectTo(stack);
    return work(client).finally(() => client.end());
  };
  return {
    ended,
    connectTo,
    onDatabase,
    contentOf: (stack: string): Promise<DatabaseContent> => onDatabase(stack, (client) => readContent(client)),
    deploy: (stack: string, version: string, more: object = {}) =>
      call<Operation>('POST', `/v1/stacks/${stack}/deploy`, { release: releaseOf(version), migrate: 'auto', ...more }),
    /** Asks, and waits until it has succeeded. */
    done: async (method: 'POST' | 'DELETE', path: string, body?: object): Promise<Operation> =>
      service.follow(await call<Operation>(method, path, body)),
    detailOf: (stack: string) => call<Schemas['StackDetail']>('GET', `/v1/stacks/${stack}`),
    runOf: (id: unknown) => call<Run>('GET', `/v1/migration-runs/${id}`),
    lastRun: async (stack: string): Promise<Run> => {
      const { items } = await call<{ items: Schemas['MigrationRun'][] }>('GET', `/v1/migration-runs?stack=${stack}`);
      return call('GET', `/v1/migration-runs/${items[0]!.id}`);
    },
    backupsOf: async (stack: string) =>
      (await call<{ items: Schemas['Backup'][] }>('GET', `/v1/backups?stack=${stack}`)).items,
    versionAnswered: async (stack: string) =>
      (await (await fetch(`${service.url}/s/${stack}/api/version`)).json()) as { version: string; migration: string },
    /** Replaces how the shop is deployed. */
    setPolicy: (deployment: Schemas['DeploymentPolicy'], file = composeFile) =>
      call('PUT', '/v1/projects/shop', { bundle: { files: { 'compose.yaml': file } }, deployment }),
  };
}
