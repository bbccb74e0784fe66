import { Router } from 'express';
import { getBackupRow, keepBackup, listBackups, toBackup } from '../../services/backups/backup.ts';
import { requestDeleteBackup, requestVerify } from '../../services/backups/operations.ts';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

export function backupRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/backups', async (req, res) => {
    const { project, stack } = req.query as Record<string, string | undefined>;
    res.json({ items: await listBackups(pool, { project, stack }) });
  });
  router.get('/v1/backups/:backup', async (req, res) => {
    res.json(toBackup(await getBackupRow(pool, req.params.backup)));
  });
  router.patch('/v1/backups/:backup', async (req, res) => {
    const { kept } = req.body as { kept: boolean };
    const backup = await keepBackup(pool, req.params.backup, kept);
    const action = kept ? 'backup.keep' : 'backup.release';
    await recordEvent(pool, { actor: askerOf(req).name, action, subject: backup.id });
    res.json(backup);
  });
  router.post('/v1/backups/:backup/verify', async (req, res) => {
    accepted(res, await requestVerify(greenroom, req.params.backup, askerOf(req)));
  });
  router.delete('/v1/backups/:backup', async (req, res) => {
    accepted(res, await requestDeleteBackup(greenroom, req.params.backup, askerOf(req)));
  });
  return router;
}
