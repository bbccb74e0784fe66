import type pg from 'pg';
import { identifier } from '../../quoting.ts';
import { catalogQuery } from '../../sources/catalog.ts';
import { connectTarget, type Target } from './target.ts';

export interface DatabaseGrant {
  /** Empty: everybody. */
  role: string;
  privilege: string;
  grantable: boolean;
}

/** None where nobody ever changed them: everybody may connect then. */
export async function readDatabaseGrants(source: pg.Client, roles: string[]): Promise<DatabaseGrant[]> {
  return catalogQuery<DatabaseGrant>(source, 'database-grants', [roles]);
}

/** Gives what the source gives on its database, which pg_dump says only with --create. */
export async function applyDatabaseGrants(target: Target, database: string, grants: DatabaseGrant[]): Promise<void> {
  if (grants.length === 0) return;
  const client = await connectTarget(target, 'postgres');
  try {
    await client.query(`REVOKE ALL ON DATABASE ${identifier(database)} FROM PUBLIC`);
    for (const { role, privilege, grantable } of grants) {
      const grantee = role === '' ? 'PUBLIC' : identifier(role);
      const option = grantable ? ' WITH GRANT OPTION' : '';
      await client.query(`GRANT ${privilege} ON DATABASE ${identifier(database)} TO ${grantee}${option}`);
    }
  } finally {
    await client.end();
  }
}
