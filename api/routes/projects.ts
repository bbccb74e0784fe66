import { Router } from 'express';
import type { components } from '../../openapi/types.ts';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import {
  createProject,
  deleteProject,
  describePlan,
  getProject,
  listProjects,
  planOf,
  updateProject,
} from '../../services/projects/projects.ts';
import { askerOf } from '../auth.ts';

export function projectRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/projects', async (_req, res) => {
    res.json({ items: await listProjects(greenroom) });
  });
  router.post('/v1/projects', async (req, res) => {
    const project = await createProject(greenroom, req.body);
    await recordEvent(pool, { ...eventOf(project), actor: askerOf(req).name, action: 'project.create' });
    res.status(201).location(`/v1/projects/${project.name}`).json(project);
  });
  router.get('/v1/projects/:project', async (req, res) => {
    res.json(await getProject(greenroom, req.params.project));
  });
  router.put('/v1/projects/:project', async (req, res) => {
    const project = await updateProject(greenroom, req.params.project, req.body);
    await recordEvent(pool, { ...eventOf(project), actor: askerOf(req).name, action: 'project.update' });
    res.json(project);
  });
  router.delete('/v1/projects/:project', async (req, res) => {
    await deleteProject(pool, req.params.project);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'project.delete', subject: req.params.project });
    res.status(204).end();
  });
  router.get('/v1/projects/:project/plan', async (req, res) => {
    res.json(describePlan(await planOf(greenroom, req.params.project)));
  });
  return router;
}

/** With what a report's `policyHash` depends on beside the policy. */
function eventOf({ name: subject, maskingLocale }: components['schemas']['Project']) {
  return { subject, detail: maskingLocale === undefined ? {} : { maskingLocale } };
}
