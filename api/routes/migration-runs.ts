import { Router } from 'express';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { getRun, listRuns, requestRun } from '../../services/migrations/runs.ts';
import { getRehearsal } from '../../services/rehearsals/read.ts';
import { rehearsalMarkdown } from '../../services/rehearsals/render/markdown.ts';
import { rehearsalPage } from '../../services/rehearsals/render/page.ts';
import { rehearsalText } from '../../services/rehearsals/render/text.ts';
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
  router.get('/v1/migration-runs/:run/report', async (req, res) => {
    const rehearsed = await getRehearsal(pool, req.params.run);
    if (req.query.format === 'text') res.type('text/plain').send(rehearsalText(rehearsed));
    else if (req.query.format === 'markdown') res.type('text/markdown').send(rehearsalMarkdown(rehearsed));
    else if (req.query.format === 'html') res.type('text/html').send(rehearsalPage(rehearsed));
    else res.json(rehearsed.report);
  });
  return router;
}
