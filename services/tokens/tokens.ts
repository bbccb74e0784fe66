import { createHash, randomBytes } from 'node:crypto';
import type { components } from '../../openapi/types.ts';
import { type Database, query, queryOne } from '../database/queries.ts';

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
  const secret = newSecret();
  const row = await queryOne<TokenRow>(database, 'insert-token', [
    token.name,
    hashOf(secret),
    token.scopes,
    token.expiresAt ?? null,
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

export async function revokeToken(database: Database, id: string): Promise<{ name: string } | undefined> {
  return queryOne<{ name: string }>(database, 'revoke-token', [id]);
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
