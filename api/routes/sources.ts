import { Router } from 'express';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { parsePolicy, policyHash, policySchema } from '../../services/masking/policy.ts';
import { readPolicyYaml } from '../../services/masking/policy-yaml.ts';
import { checkPolicy, putPolicy } from '../../services/sources/policy.ts';
import { previewTable } from '../../services/sources/preview.ts';
import { probeSource } from '../../services/sources/probe.ts';
import {
  createSource,
  deleteSource,
  getPolicy,
  getSource,
  listSources,
  noPolicy,
  openSourceRow,
  rotateKey,
} from '../../services/sources/store.ts';
import { suggestForSource } from '../../services/sources/suggestion.ts';
import { askerOf, requireScope } from '../auth.ts';

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
  router.delete(`${base}/:source`, async (req, res) => {
    await deleteSource(pool, req.params.project, req.params.source);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'source.delete', subject: subjectOf(req.params) });
    res.status(204).end();
  });
  router.post(`${base}/:source/probe`, async (req, res) => {
    const { address } = await openSourceRow(greenroom, req.params.project, req.params.source);
    res.json(await probeSource(address));
  });
  router.get(`${base}/:source/policy`, async (req, res) => {
    res.json(await getPolicy(pool, req.params.project, req.params.source));
  });
  router.put(`${base}/:source/policy`, async (req, res) => {
    const { project, source } = req.params;
    const sent = typeof req.body === 'string' ? readPolicyYaml(req.body) : parsePolicy(req.body);
    const { policy, acknowledged } = await putPolicy(greenroom, project, source, sent);
    const detail = { policyHash: policyHash(sent), acknowledged };
    await recordEvent(pool, { actor: askerOf(req).name, action: 'policy.set', subject: subjectOf(req.params), detail });
    res.json(policy);
  });
  router.get(`${base}/:source/policy/check`, async (req, res) => {
    res.json(await checkPolicy(greenroom, req.params.project, req.params.source));
  });
  router.post(`${base}/:source/key`, async (req, res) => {
    const { source, keyIdBefore } = await rotateKey(greenroom, req.params.project, req.params.source);
    const detail = { from: keyIdBefore, to: source.keyId };
    await recordEvent(pool, { actor: askerOf(req).name, action: 'key.rotate', subject: subjectOf(req.params), detail });
    res.json(source);
  });
  router.get('/v1/masking/policy-schema', (_req, res) => {
    res.json(policySchema);
  });
  router.post(`${base}/:source/policy/suggestion`, async (req, res) => {
    const { address, policy } = await openSourceRow(greenroom, req.params.project, req.params.source);
    const suggestion = await suggestForSource(address, req.body?.policy ?? policy);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'policy.suggest', subject: subjectOf(req.params) });
    res.json(suggestion);
  });
  router.post(`${base}/:source/policy/preview`, async (req, res) => {
    const { project, source } = req.params;
    const { table, rows, policy: own } = req.body;
    // A rule of one's own may keep anything, so it is for those who may set policies.
    if (own) requireScope(req, 'admin');
    const { address, key, policy } = await openSourceRow(greenroom, project, source);
    if (!own && !policy) throw noPolicy(project, source);
    const preview = await previewTable({ address, key, policy: own ?? policy }, table, rows);
    const detail = { table };
    await recordEvent(pool, {
      actor: askerOf(req).name,
      action: 'policy.preview',
      subject: subjectOf(req.params),
      detail,
    });
    res.json(preview);
  });
  return router;
}
