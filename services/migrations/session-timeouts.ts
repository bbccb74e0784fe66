import type { StackPlan } from '../compose/plan.ts';
import type { DeploymentPolicy } from '../projects/deployment-policy.ts';

/**
 * The plan with a migrator whose sessions have the project's time-outs. They are given as libpq's variable, which sqlx
 * reads too; whatever the file sets by it stays: https://www.postgresql.org/docs/17/libpq-envars.html
 */
export function withSessionTimeouts(
  plan: StackPlan,
  { lockTimeoutMs, statementTimeoutMs }: Pick<DeploymentPolicy, 'lockTimeoutMs' | 'statementTimeoutMs'>,
): StackPlan {
  const options = [
    ...(lockTimeoutMs === undefined ? [] : [`-c lock_timeout=${lockTimeoutMs}`]),
    ...(statementTimeoutMs === undefined ? [] : [`-c statement_timeout=${statementTimeoutMs}`]),
  ];
  if (options.length === 0) return plan;
  return {
    ...plan,
    services: plan.services.map((service) => {
      if (service.name !== plan.greenroom.migrations?.service) return service;
      const given = service.environment.PGOPTIONS;
      const PGOPTIONS = [...(given ? [given] : []), ...options].join(' ');
      return { ...service, environment: { ...service.environment, PGOPTIONS } };
    }),
  };
}
