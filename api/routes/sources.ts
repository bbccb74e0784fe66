import { Router } from 'express';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { probeSource } from '../../services/sources/probe.ts';
import {
  createSource,
  deleteSource,
  getSource,
  listSources,
  openSourceRow,
  rotateKey,
  updateSource,
} from '../../services/sources/store.ts';
import { askerOf } from '../auth.ts';

const base = '/v1/projects/:project/sources';

export function sourceRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  const subjectOf = ({ project, source }: { project: string; source: string }) => `${project}/${source}`;
  router.get(base, async (req, res) => {
    res.json({ items: await listSources(greenroom, req.params.project) });
  });
  router.post(base, async (req, res) => {
    const { project } = req.params;
    const source = await createSource(greenroom, project, req.body);
    const subject = subjectOf({ project, source: source.name });
    await recordEvent(pool, { actor: askerOf(req).name, action: 'source.create', subject });
    res.status(201).location(`/v1/projects/${project}/sources/${source.name}`).json(source);
  });
  router.get(`${base}/:source`, async (req, res) => {
    res.json(await getSource(pool, req.params.project, req.params.source));
  });
  router.patch(`${base}/:source`, async (req, res) => {
    const { source, changed } = await updateSource(greenroom, req.params.project, req.params.source, req.body);
    const subject = subjectOf(req.params);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'source.update', subject, detail: { changed } });
    res.json(source);
  });
  router.delete(`${base}/:source`, async (req, res) => {
    await deleteSource(pool, req.params.project, req.params.source);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'source.delete', subject: subjectOf(req.params) });
    res.status(204).end();
  });
  router.post(`${base}/:source/probe`, async (req, res) => {
    const { address } = await openSourceRow(greenroom, req.params.project, req.params.source);
    res.json(await probeSource(address));
  });
  router.post(`${base}/:source/key`, async (req, res) => {
    const { source, keyIdBefore } = await rotateKey(greenroom, req.params.project, req.params.source);
    const detail = { from: keyIdBefore, to: source.keyId };
    await recordEvent(pool, { actor: askerOf(req).name, action: 'key.rotate', subject: subjectOf(req.params), detail });
    res.json(source);
  });
  return router;
}
