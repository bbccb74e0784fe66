import type pg from 'pg';
import { identifier } from '../quoting.ts';
import { catalogQuery, readMajor } from '../sources/catalog.ts';
import { connectTarget, type Target } from './capture/target.ts';

/**
 * The roles that a database's objects and grants name, with whoever is a member of them, and which is a member of which.
 * Kept in the manifests of backups: what is optional is not in older ones.
 */
export interface Roles {
  names: string[];
  attributes?: RoleAttributes[];
  memberships: Membership[];
}

interface RoleAttributes {
  name: string;
  inherit: boolean;
  bypassRls: boolean;
  /** What it could do in its cluster, and cannot in another. */
  lost: string[];
}

interface Membership {
  role: string;
  member: string;
  admin?: boolean;
  /** Absent, or null, before Postgres 16: as the member's INHERIT says. */
  inherit?: boolean | null;
  set?: boolean | null;
}

/** Members of these reach files and programs of the server's machine: production's reasons are not a stack's. */
const reachingOut = ['pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'];

export async function readRoles(client: pg.Client): Promise<Roles> {
  const attributes = await catalogQuery<RoleAttributes>(client, 'roles');
  const names = attributes.map(({ name }) => name);
  return { names, attributes, memberships: await catalogQuery<Membership>(client, 'memberships', [names]) };
}

/** The same but for one: that of a server which only holds a dump's schema is nobody's. */
export function withoutRole({ names, attributes = [], memberships }: Roles, name: string | undefined): Roles {
  return {
    names: names.filter((other) => other !== name),
    attributes: attributes.filter((role) => role.name !== name),
    memberships: memberships.filter(({ role, member }) => role !== name && member !== name),
  };
}

/** What of roles is not made anew, each by name. */
export function warningsOfRoles({ attributes = [], memberships }: Roles): { where: string; what: string }[] {
  return [
    ...attributes
      .filter(({ lost }) => lost.length > 0)
      .map(({ name, lost }) => ({ where: name, what: `the role is without ${lost.join(', ')} in the snapshot` })),
    ...memberships
      .filter(({ role }) => reachingOut.includes(role))
      .map(({ role, member }) => ({ where: member, what: `the role is no member of ${role} in the snapshot` })),
  ];
}

/** Recreates roles: they cannot log in and have no password until a stack adopts its clone; none is a superuser. */
export async function createRoles({ names, attributes = [], memberships }: Roles, target: Target): Promise<void> {
  const client = await connectTarget(target, 'postgres');
  try {
    const major = await readMajor(client);
    for (const name of names) {
      if (name === target.spec.superuser) continue;
      const { inherit = true, bypassRls = false } = attributes.find((role) => role.name === name) ?? {};
      const options = `${inherit ? '' : ' NOINHERIT'}${bypassRls ? ' BYPASSRLS' : ''}`;
      await client.query(`CREATE ROLE ${identifier(name)} NOLOGIN${options}`);
    }
    for (const membership of memberships) {
      const { role, member } = membership;
      if (reachingOut.includes(role)) continue;
      await client.query(`GRANT ${identifier(role)} TO ${identifier(member)}${optionsOf(membership, major)}`);
    }
  } finally {
    await client.end();
  }
}

/** A membership's options have names of their own since. */
const membershipOptionsMajor = 16;

function optionsOf({ admin, inherit, set }: Membership, major: number): string {
  if (major < membershipOptionsMajor) return admin ? ' WITH ADMIN OPTION' : '';
  const options = Object.entries({ ADMIN: admin, INHERIT: inherit, SET: set })
    .filter(([, value]) => typeof value === 'boolean')
    .map(([name, value]) => `${name} ${value ? 'TRUE' : 'FALSE'}`);
  return options.length > 0 ? ` WITH ${options.join(', ')}` : '';
}
