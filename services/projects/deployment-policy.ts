import type { components } from '../../openapi/types.ts';
import { type Database, queryOne } from '../database/queries.ts';

type Given = components['schemas']['DeploymentPolicy'];
type Optional = 'lockTimeoutMs' | 'statementTimeoutMs' | 'drillEveryHours';

/** How releases are put on a project's stacks; what has no default is not wished. */
export type DeploymentPolicy = Required<Omit<Given, Optional>> & Pick<Given, Optional>;

const defaultPolicy: DeploymentPolicy = {
  lockRetries: 3,
  watchSeconds: 0,
  backups: ['clone'],
  keepBackups: 3,
  keepFailedState: false,
};

export async function deploymentPolicyOf(database: Database, project: string): Promise<DeploymentPolicy> {
  const row = await queryOne<{ deployment: Given }>(database, 'get-project', [project]);
  return { ...defaultPolicy, ...row?.deployment };
}
