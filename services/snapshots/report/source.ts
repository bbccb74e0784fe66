import type pg from 'pg';
import type { components } from '../../../openapi/types.ts';
import { fingerprintOfSchema, readSchema } from '../../database/schema.ts';
import { type SourceAddress, serverOf } from '../../sources/address.ts';
import type { ServerFacts } from '../../sources/catalog.ts';
import { shownLogin } from '../../sources/ssh/login.ts';
import { tlsModeOf } from '../../sources/tls.ts';
import { type LeftOut, readLeftOut } from './left-out.ts';

export interface DescribedSource {
  source: components['schemas']['ReportedSource'];
  schemaFingerprint: string;
  leftOut: LeftOut;
}

/**
 * What the report says of the source, and of what of it the snapshot will not have; reads catalogs only, and locks what
 * views read. How the server that holds a dump's schema is reached says nothing about the source.
 */
export async function describeSource(
  session: pg.Client,
  address: SourceAddress,
  facts: ServerFacts,
  isDump: boolean,
): Promise<DescribedSource> {
  const schemaFingerprint = fingerprintOfSchema(await readSchema(session, address.schemas));
  const leftOut = await readLeftOut(session, isDump);
  const version = facts.tls_version === null ? {} : { version: facts.tls_version };
  const reached = { login: facts.login, tls: { mode: tlsModeOf(address), ...version } };
  return {
    source: {
      ...{ server: serverOf(address), database: facts.database, serverVersion: facts.version, lsn: facts.lsn },
      ...(isDump ? {} : reached),
      ...(address.ssh ? { ssh: shownLogin(address.ssh) } : {}),
    },
    schemaFingerprint,
    leftOut,
  };
}
