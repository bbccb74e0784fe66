import { Router } from 'express';
import { describeHost } from '../../services/engine/hosts.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';

export function hostRoutes({ hosts }: RunningGreenroom): Router {
  const router = Router();
  router.get('/v1/hosts', async (_req, res) => {
    res.json({ items: await Promise.all([...hosts.values()].map(describeHost)) });
  });
  return router;
}
