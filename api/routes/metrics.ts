import { Router } from 'express';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { metricsOf } from '../../services/metrics/metrics.ts';

export function metricsRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const metrics = metricsOf(greenroom);
  router.get('/metrics', async (_req, res) => {
    res.type('text/plain; version=0.0.4').send(await metrics());
  });
  return router;
}
