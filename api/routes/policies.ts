import { Router } from 'express';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { parsePolicy, policySchema, withLocale } from '../../services/masking/policy/policy.ts';
import { readPolicyYaml } from '../../services/masking/policy/yaml.ts';
import { checkPolicy, putPolicy } from '../../services/sources/policy.ts';
import { previewTable } from '../../services/sources/preview.ts';
import { getPolicy, noPolicy, openSourceRow } from '../../services/sources/store.ts';
import { suggestForSource } from '../../services/sources/suggestion.ts';
import { askerOf, requireScope } from '../auth.ts';

const base = '/v1/projects/:project/sources/:source/policy';

/** A source's masking policy, and what helps to write one. */
export function policyRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  const subjectOf = ({ project, source }: { project: string; source: string }) => `${project}/${source}`;
  router.get(base, async (req, res) => {
    res.json(await getPolicy(pool, req.params.project, req.params.source));
  });
  router.put(base, async (req, res) => {
    const { project, source } = req.params;
    const sent = typeof req.body === 'string' ? readPolicyYaml(req.body) : parsePolicy(req.body);
    const { set, hash, acknowledged } = await putPolicy(greenroom, project, source, sent);
    const detail = { policyHash: hash, acknowledged };
    await recordEvent(pool, { actor: askerOf(req).name, action: 'policy.set', subject: subjectOf(req.params), detail });
    res.json(set);
  });
  router.get(`${base}/check`, async (req, res) => {
    res.json(await checkPolicy(greenroom, req.params.project, req.params.source));
  });
  router.get('/v1/masking/policy-schema', (_req, res) => {
    res.json(policySchema);
  });
  router.post(`${base}/suggestion`, async (req, res) => {
    const { address, policy } = await openSourceRow(greenroom, req.params.project, req.params.source);
    const suggestion = await suggestForSource(address, req.body?.policy ?? policy);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'policy.suggest', subject: subjectOf(req.params) });
    res.json(suggestion);
  });
  router.post(`${base}/preview`, async (req, res) => {
    const { project, source } = req.params;
    const { table, rows, policy: own } = req.body;
    // A rule of one's own may keep anything, so it is for those who may set policies.
    if (own) requireScope(req, 'admin');
    const { address, key, policy: set, maskingLocale, knownSchema } = await openSourceRow(greenroom, project, source);
    const asked = own ?? set;
    if (!asked) throw noPolicy(project, source);
    const policy = withLocale(asked, maskingLocale);
    const judged = own ? { policy } : { policy, knownSchema };
    const preview = await previewTable({ address, key, ...judged }, table, rows);
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
