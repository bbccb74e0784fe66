import type pg from 'pg';
import { identifier } from '../quoting.ts';
import { catalogQuery } from '../sources/catalog.ts';
import { connectTarget, type Target } from './capture/target.ts';

/** The roles that a database's objects and grants name, and which is a member of which. */
export interface Roles {
  names: string[];
  memberships: { role: string; member: string }[];
}

export async function readRoles(client: pg.Client): Promise<Roles> {
  const names = (await catalogQuery<{ name: string }>(client, 'roles')).map(({ name }) => name);
  return { names, memberships: await catalogQuery(client, 'memberships', [names]) };
}

/** Recreates roles: they cannot log in and have no password until a stack adopts its clone. */
export async function createRoles({ names, memberships }: Roles, target: Target): Promise<void> {
  const client = await connectTarget(target, 'postgres');
  try {
    for (const name of names) {
      if (name === target.spec.superuser) continue;
      await client.query(`CREATE ROLE ${identifier(name)} NOLOGIN`);
    }
    for (const { role, member } of memberships)
      await client.query(`GRANT ${identifier(role)} TO ${identifier(member)}`);
  } finally {
    await client.end();
  }
}
