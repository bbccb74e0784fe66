import type { ServicePlan, StackPlan } from '../compose/plan.ts';
import { Problem } from '../errors.ts';

/** The service that `x-greenroom.database` names; undefined where the plan has no database. */
export function databaseService(plan: StackPlan): ServicePlan | undefined {
  return plan.services.find(({ name }) => name === plan.greenroom.database?.service);
}

/** The service that `x-greenroom.migrations` names; undefined where the plan has none. */
export function migratorService(plan: StackPlan): ServicePlan | undefined {
  return plan.services.find(({ name }) => name === plan.greenroom.migrations?.service);
}

/** The superuser's login as the stock image's variables give it: https://hub.docker.com/_/postgres, `_FILE` forms included. */
export function superuserOf(database: ServicePlan): { user: string; password: string | undefined } {
  const value = (name: string) => {
    const file = database.environment[`${name}_FILE`];
    if (!file) return database.environment[name];
    const mount = database.mounts.find((one) => one.type === 'file' && one.target === file);
    if (mount?.type === 'file') return mount.content.trim();
    throw new Problem(
      'compose-invalid',
      `${name}_FILE of service ${database.name} is no config or secret of the file`,
      {
        where: `services.${database.name}.environment.${name}_FILE`,
        remedy: `Name a secret that the service lists, or set ${name}.`,
      },
    );
  };
  return { user: value('POSTGRES_USER') || 'postgres', password: value('POSTGRES_PASSWORD') || undefined };
}
