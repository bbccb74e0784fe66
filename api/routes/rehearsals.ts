import { Router } from 'express';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { getRehearsal, listRehearsals, requestRehearsal } from '../../services/migrations/runs.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

export function rehearsalRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/rehearsals', async (req, res) => {
    res.json({ items: await listRehearsals(pool, req.query.project as string | undefined) });
  });
  router.post('/v1/rehearsals', async (req, res) => {
    accepted(res, await requestRehearsal(greenroom, req.body, askerOf(req)));
  });
  router.get('/v1/rehearsals/:rehearsal', async (req, res) => {
    res.json(await getRehearsal(pool, req.params.rehearsal));
  });
  return router;
}
