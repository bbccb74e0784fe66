import { Router } from 'express';
import { listEvents } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';

export function eventRoutes({ pool }: RunningGreenroom): Router {
  const router = Router();
  router.get('/v1/events', async (req, res) => {
    const { subject } = req.query as { subject?: string };
    res.json({ items: await listEvents(pool, subject, Number(req.query.limit)) });
  });
  return router;
}
