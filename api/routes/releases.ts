import { Router } from 'express';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { getProject } from '../../services/projects/projects.ts';
import { readinessOf } from '../../services/readiness/readiness.ts';
import { readinessMarkdown, readinessText } from '../../services/readiness/render.ts';
import {
  createRelease,
  deleteRelease,
  diffReleases,
  getRelease,
  listReleases,
} from '../../services/releases/releases.ts';
import { askerOf } from '../auth.ts';

export function releaseRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/projects/:project/releases', async (req, res) => {
    await getProject(greenroom, req.params.project);
    res.json({ items: await listReleases(pool, req.params.project) });
  });
  router.post('/v1/projects/:project/releases', async (req, res) => {
    const { project } = req.params;
    const actor = askerOf(req).name;
    const release = await createRelease(greenroom, project, req.body, actor);
    await recordEvent(pool, {
      actor,
      action: 'release.create',
      subject: project,
      detail: { version: release.version },
    });
    res.status(201).location(`/v1/projects/${project}/releases/${release.version}`).json(release);
  });
  router.get('/v1/projects/:project/releases/:version', async (req, res) => {
    res.json(await getRelease(pool, req.params.project, req.params.version));
  });
  router.delete('/v1/projects/:project/releases/:version', async (req, res) => {
    const { project, version } = req.params;
    await deleteRelease(pool, project, version);
    await recordEvent(pool, {
      actor: askerOf(req).name,
      action: 'release.delete',
      subject: project,
      detail: { version },
    });
    res.status(204).end();
  });
  router.get('/v1/projects/:project/releases/:version/diff', async (req, res) => {
    const { project, version } = req.params;
    res.json(await diffReleases(greenroom, project, req.query.from as string, version));
  });
  router.get('/v1/projects/:project/releases/:version/readiness', async (req, res) => {
    const { project, version } = req.params;
    const readiness = await readinessOf(greenroom, project, version, req.query.stack as string | undefined);
    if (req.query.format === 'text') res.type('text/plain').send(readinessText(readiness));
    else if (req.query.format === 'markdown') res.type('text/markdown').send(readinessMarkdown(readiness));
    else res.json(readiness);
  });
  return router;
}
