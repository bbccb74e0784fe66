import { Router } from 'express';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { requestDumpCapture } from '../../services/snapshots/receive-dump.ts';
import { maskingMarkdown } from '../../services/snapshots/report/render/markdown.ts';
import { maskingPage } from '../../services/snapshots/report/render/page.ts';
import {
  getReport,
  getSnapshotRow,
  listSnapshots,
  requestCapture,
  requestDeleteSnapshot,
  toSnapshot,
} from '../../services/snapshots/snapshot.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

export function snapshotRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/snapshots', async (req, res) => {
    res.json({ items: await listSnapshots(pool, req.query.project as string | undefined) });
  });
  router.post('/v1/snapshots', async (req, res) => {
    accepted(res, await requestCapture(greenroom, req.body, askerOf(req)));
  });
  router.post('/v1/projects/:project/sources/:source/snapshots', async (req, res) => {
    const { sha256 } = req.query as { sha256?: string };
    accepted(
      res,
      await requestDumpCapture(greenroom, req.params, req, { ...(sha256 ? { sha256 } : {}) }, askerOf(req)),
    );
  });
  router.get('/v1/snapshots/:snapshot', async (req, res) => {
    res.json(toSnapshot(await getSnapshotRow(pool, req.params.snapshot)));
  });
  router.delete('/v1/snapshots/:snapshot', async (req, res) => {
    accepted(res, await requestDeleteSnapshot(greenroom, req.params.snapshot, askerOf(req)));
  });
  router.get('/v1/snapshots/:snapshot/report', async (req, res) => {
    const reported = await getReport(pool, req.params.snapshot);
    const format = req.query.format ?? req.accepts(['json', 'markdown', 'html']);
    res.vary('Accept');
    if (format === 'markdown') res.type('text/markdown').send(maskingMarkdown(reported));
    else if (format === 'html') {
      const { markup, policy } = maskingPage(reported);
      res.set({ 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' });
      res.type('text/html').send(markup);
    } else res.json(reported.report);
  });
  return router;
}
