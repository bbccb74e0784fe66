import type { Request } from 'express';
import type { Greenroom } from '../services/greenroom.ts';
import { type Caller, callerOf, mayDo } from '../services/tokens/tokens.ts';

declare global {
  namespace Express {
    interface Request {
      caller?: Caller;
    }
  }
}

/**
 * Decides by a bearer token and the scopes that the contract names for the operation asked for. Called by the contract
 * check for every operation that has a `security`, so no route can forget it.
 */
export function tokenCheck(greenroom: Pick<Greenroom, 'pool'>) {
  return async (req: Request, scopes: string[]): Promise<boolean> => {
    const secret = /^Bearer (\S+)$/i.exec(req.get('authorization') ?? '')?.[1];
    if (!secret) throw withStatus(401, 'The request carries no bearer token');
    const caller = await callerOf(greenroom.pool, secret);
    if (!caller) throw withStatus(401, 'The token is unknown, revoked or expired');
    if (!mayDo(caller, scopes)) throw lacking(caller, scopes);
    req.caller = caller;
    return true;
  };
}

/** For what a request asks beyond its operation's own scope, as the contract describes there. */
export function requireScope(req: Request, scope: string): void {
  if (!mayDo(req.caller!, [scope])) throw lacking(req.caller!, [scope]);
}

function lacking(caller: Caller, scopes: string[]): Error {
  const has = caller.scopes.join(', ');
  return withStatus(403, `Token “${caller.name}” has the scopes ${has}; this needs ${scopes.join(', ')}`);
}

function withStatus(status: number, message: string): Error {
  return Object.assign(new Error(message), { status });
}

/** Who makes the request, for the records. */
export function askerOf(req: Request): { name: string; requestId: string } {
  return { name: req.caller!.name, requestId: String(req.id) };
}
