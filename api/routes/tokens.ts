import { Router } from 'express';
import { Problem } from '../../services/errors.ts';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { createToken, listTokens, revokeToken } from '../../services/tokens/tokens.ts';
import { askerOf } from '../auth.ts';

export function tokenRoutes({ pool }: RunningGreenroom): Router {
  const router = Router();
  router.get('/v1/tokens', async (_req, res) => {
    res.json({ items: await listTokens(pool) });
  });
  router.post('/v1/tokens', async (req, res) => {
    const token = await createToken(pool, req.body);
    const detail = { scopes: token.scopes };
    await recordEvent(pool, { actor: askerOf(req).name, action: 'token.create', subject: token.name, detail });
    res.status(201).json(token);
  });
  router.delete('/v1/tokens/:token', async (req, res) => {
    const revoked = await revokeToken(pool, req.params.token);
    if (!revoked) throw new Problem('not-found', `There is no token ${req.params.token}`, { where: req.params.token });
    await recordEvent(pool, { actor: askerOf(req).name, action: 'token.revoke', subject: revoked.name });
    res.status(204).end();
  });
  return router;
}
