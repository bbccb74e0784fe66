import { Router } from 'express';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { getRun, listRuns, requestRun } from '../../services/migrations/runs.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

export function migrationRunRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/migration-runs', async (req, res) => {
    const { project, stack, kind } = req.query as Record<string, string | undefined>;
    res.json({ items: await listRuns(pool, { project, stack, kind }) });
  });
  router.post('/v1/migration-runs', async (req, res) => {
    accepted(res, await requestRun(greenroom, req.body, askerOf(req)));
  });
  router.get('/v1/migration-runs/:run', async (req, res) => {
    res.json(await getRun(pool, req.params.run));
  });
  return router;
}
