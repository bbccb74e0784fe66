import { Router } from 'express';
import { requestDrill } from '../../services/backups/drill.ts';
import { query } from '../../services/database/queries.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import {
  requestApply,
  requestCreate,
  requestDelete,
  requestDeploy,
  requestReset,
  requestRestore,
  requestRollback,
} from '../../services/stacks/requests.ts';
import { type StackRow, toStack } from '../../services/stacks/stack.ts';
import { describeStack, serviceLogs } from '../../services/stacks/status.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

export function stackRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool, settings, hosts } = greenroom;
  router.get('/v1/stacks', async (req, res) => {
    const rows = await query<StackRow>(pool, 'list-stacks', [req.query.project ?? null]);
    res.json({ items: rows.map((row) => toStack(row, settings, hosts.get(row.host)?.name)) });
  });
  router.post('/v1/stacks', async (req, res) => {
    accepted(res, await requestCreate(greenroom, req.body, askerOf(req)));
  });
  router.get('/v1/stacks/:stack', async (req, res) => {
    res.json(await describeStack(greenroom, req.params.stack));
  });
  router.delete('/v1/stacks/:stack', async (req, res) => {
    accepted(res, await requestDelete(greenroom, req.params.stack, askerOf(req)));
  });
  router.post('/v1/stacks/:stack/reset', async (req, res) => {
    accepted(res, await requestReset(greenroom, req.params.stack, req.body?.snapshot, askerOf(req)));
  });
  router.post('/v1/stacks/:stack/deploy', async (req, res) => {
    accepted(res, await requestDeploy(greenroom, req.params.stack, req.body, askerOf(req)));
  });
  router.post('/v1/stacks/:stack/apply', async (req, res) => {
    accepted(res, await requestApply(greenroom, req.params.stack, req.body ?? {}, askerOf(req)));
  });
  router.post('/v1/stacks/:stack/restore', async (req, res) => {
    accepted(res, await requestRestore(greenroom, req.params.stack, req.body.backup, askerOf(req)));
  });
  router.post('/v1/stacks/:stack/rollback', async (req, res) => {
    accepted(res, await requestRollback(greenroom, req.params.stack, req.body, askerOf(req)));
  });
  router.post('/v1/stacks/:stack/drills', async (req, res) => {
    accepted(res, await requestDrill(greenroom, req.params.stack, askerOf(req)));
  });
  router.get('/v1/stacks/:stack/services/:service/logs', async (req, res) => {
    const { stack, service } = req.params;
    res.type('text/plain').send(await serviceLogs(greenroom, stack, service, Number(req.query.tail)));
  });
  return router;
}
