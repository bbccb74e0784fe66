import { Router } from 'express';
import { queryOne } from '../../services/database/queries.ts';
import { Problem } from '../../services/errors.ts';
import { recordEvent } from '../../services/events/events.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';
import { getOperation, hasEnded, type LogLine, listOperations, readLog } from '../../services/operations/read.ts';
import { accepted } from '../accepted.ts';
import { askerOf } from '../auth.ts';

export function operationRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  const { pool, followers } = greenroom;
  router.get('/v1/operations', async (req, res) => {
    const { state, subject } = req.query as { state?: string; subject?: string };
    const filter = { limit: Number(req.query.limit), ...(state ? { state } : {}), ...(subject ? { subject } : {}) };
    res.json({ items: await listOperations(pool, filter) });
  });
  router.get('/v1/operations/:operation', async (req, res) => {
    res.json(await getOperation(pool, req.params.operation));
  });
  router.post('/v1/operations/:operation/cancel', async (req, res) => {
    const id = req.params.operation;
    const before = await getOperation(pool, id);
    if (!(await queryOne(pool, 'request-cancel', [id]))) {
      throw new Problem('conflict', `Operation ${id} has ended already: ${before.state}`, {
        where: id,
        remedy: 'There is nothing left to cancel.',
      });
    }
    await recordEvent(pool, {
      actor: askerOf(req).name,
      action: 'operation.cancel',
      subject: before.subject,
      operation: id,
    });
    accepted(res, await getOperation(pool, id));
  });
  router.get('/v1/operations/:operation/log', async (req, res) => {
    const id = req.params.operation;
    await getOperation(pool, id);
    const all: LogLine[] = [];
    for (;;) {
      const lines = await readLog(pool, id, all.at(-1)?.id ?? 0);
      if (lines.length === 0) break;
      all.push(...lines);
    }
    res.type('text/plain').send(all.map(({ at, line }) => `${at.toISOString()} ${line}\n`).join(''));
  });
  router.get('/v1/operations/:operation/stream', async (req, res) => {
    const id = req.params.operation;
    await getOperation(pool, id);
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    let lastLine = 0;
    let lastSent = '';
    let sending = false;
    let again = false;
    const send = async () => {
      // One at a time; a change meanwhile is looked at once more at the end.
      again = true;
      if (sending) return;
      sending = true;
      try {
        while (again && !res.writableEnded) {
          again = false;
          const operation = await getOperation(pool, id);
          for (const { id: number, at, line } of await readLog(pool, id, lastLine)) {
            lastLine = number;
            write(res, 'log', JSON.stringify({ at: at.toISOString(), line }));
          }
          const text = JSON.stringify(operation);
          if (text !== lastSent) write(res, 'operation', text);
          lastSent = text;
          if (hasEnded(operation)) finish();
        }
      } catch (error) {
        req.log.warn({ err: error }, 'stream broken off');
        finish();
      } finally {
        sending = false;
      }
    };
    const following = followers.follow(id, send);
    const finish = () => {
      following.stop();
      res.end();
    };
    req.on('close', () => following.stop());
    await send();
  });
  return router;
}

function write(res: { write(text: string): unknown }, event: string, data: string): void {
  res.write(`event: ${event}\ndata: ${data}\n\n`);
}
