import { Router } from 'express';
import { messageOf } from '../../services/errors.ts';
import type { RunningGreenroom } from '../../services/greenroom.ts';

const timeoutMs = 3000;

export function healthRoutes(greenroom: RunningGreenroom): Router {
  const router = Router();
  router.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (_req, res) => {
    const names = ['database', ...[...greenroom.hosts.values()].map(({ name }) => `host ${name}`)];
    const results = await Promise.all(
      [greenroom.pool.query('SELECT'), ...[...greenroom.hosts.values()].map(({ docker }) => docker.ping())].map(answer),
    );
    const ready = results.every((result) => result === 'ok');
    res.status(ready ? 200 : 503).json({
      status: ready ? 'ok' : 'unavailable',
      checks: Object.fromEntries(names.map((name, index) => [name, results[index]])),
    });
  });
  return router;
}

async function answer(question: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  try {
    return await Promise.race([question.then(() => 'ok'), late]);
  } catch (error) {
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}
