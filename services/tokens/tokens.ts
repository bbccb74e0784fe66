import { createHash, randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';

export type Scope = components['schemas']['Scope'];
type Token = components['schemas']['Token'];

interface TokenRow {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

/** Who makes a request, and what they may do. */
export interface Caller {
  id: string;
  name: string;
  scopes: Scope[];
}

/** `gr_` and 32 random bytes. Only their SHA-256 is kept, which for 256 random bits needs no salt. */
function newSecret(): string {
  return `gr_${randomBytes(32).toString('base64url')}`;
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export async function createToken(
  database: Database,
  token: { name: string; scopes: Scope[]; expiresAt?: string },
): Promise<Token & { secret: string }> {
  const expiresAt = token.expiresAt === undefined ? undefined : Date.parse(token.expiresAt);
  if (expiresAt !== undefined && !(expiresAt > Date.now())) {
    throw new Problem('invalid-request', `${token.expiresAt} is no time that is yet to come`, { where: '/expiresAt' });
  }
  const secret = newSecret();
  const row = await queryOne<TokenRow>(database, 'insert-token', [
    token.name,
    hashOf(secret),
    token.scopes,
    expiresAt === undefined ? null : new Date(expiresAt),
  ]);
  return { ...toToken(row!), secret };
}

/** The first admin token: made when there never was a token, else undefined. */
export async function createFirstToken(database: Database): Promise<string | undefined> {
  const secret = newSecret();
  const row = await queryOne(database, 'insert-first-token', ['first admin', hashOf(secret)]);
  return row ? secret : undefined;
}

export async function listTokens(database: Database): Promise<Token[]> {
  return (await query<TokenRow>(database, 'list-tokens')).map(toToken);
}

/** @throws Problem `conflict` for the last token that may do everything: without it nobody could make another. */
export async function revokeToken(database: Database, id: string): Promise<{ name: string } | undefined> {
  const revoked = await queryOne<{ name: string }>(database, 'revoke-token', [id]);
  if (revoked) return revoked;
  const there = (await listTokens(database)).some((token) => token.id === id);
  if (!there) return undefined;
  throw new Problem('conflict', 'This is the last token with the scope admin that does not expire', {
    where: id,
    remedy: 'Make another admin token first, without an expiry.',
  });
}

/** The caller that a bearer secret stands for; undefined when it is unknown, revoked or expired. */
export async function callerOf(database: Database, secret: string): Promise<Caller | undefined> {
  return queryOne<Caller>(database, 'use-token', [hashOf(secret)]);
}

/** `admin` includes every scope. */
export function mayDo(caller: Caller, scopes: string[]): boolean {
  return scopes.every((scope) => caller.scopes.includes(scope as Scope) || caller.scopes.includes('admin'));
}

function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.created_at.toISOString(),
    ...(row.expires_at ? { expiresAt: row.expires_at.toISOString() } : {}),
    ...(row.last_used_at ? { lastUsedAt: row.last_used_at.toISOString() } : {}),
  };
}
