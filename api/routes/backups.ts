import { Router } from 'express';
import { exportBackup, importBackup } from '../../services/backups/archive.ts';
import { getBackupRow, keepBackup, listBackups, toBackup } from '../../services/backups/backup.ts';
import { getDrill, listDrills } from '../../services/backups/drill.ts';
import { requestDeleteBackup, requestVerify } from '../../services/backups/operations.ts';
import { requestBackup } from '../../services/backups/take-operation.ts';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

const idleMs = 120_000;

export function backupRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool } = greenroom;
  router.get('/v1/backups', async (req, res) => {
    const { project, stack } = req.query as Record<string, string | undefined>;
    res.json({ items: await listBackups(pool, { project, stack }) });
  });
  router.post('/v1/backups', async (req, res) => {
    accepted(res, await requestBackup(greenroom, req.body, askerOf(req)));
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
  router.get('/v1/backups/:backup/export', async (req, res) => {
    await exportBackup(greenroom, req.params.backup, (fileName) => {
      res.attachment(fileName).type('application/x-tar');
      // Who does not read keeps the backup from being removed.
      res.setTimeout(idleMs, () => res.destroy());
      return res;
    });
  });
  router.post('/v1/stacks/:stack/backups', async (req, res) => {
    const backup = await importBackup(greenroom, req.params.stack, req);
    await recordEvent(pool, { actor: askerOf(req).name, action: 'backup.import', subject: backup.id });
    res.status(201).location(`/v1/backups/${backup.id}`).json(backup);
  });
  router.post('/v1/backups/:backup/verify', async (req, res) => {
    accepted(res, await requestVerify(greenroom, req.params.backup, askerOf(req)));
  });
  router.delete('/v1/backups/:backup', async (req, res) => {
    accepted(res, await requestDeleteBackup(greenroom, req.params.backup, askerOf(req)));
  });
  router.get('/v1/drills', async (req, res) => {
    const { project, stack } = req.query as Record<string, string | undefined>;
    res.json({ items: await listDrills(pool, { project, stack }) });
  });
  router.get('/v1/drills/:drill', async (req, res) => {
    res.json(await getDrill(pool, req.params.drill));
  });
  return router;
}
