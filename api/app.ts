import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { pinoHttp } from 'pino-http';
import { parse } from 'yaml';
import type { RunningGreenroom } from '../services/greenroom.ts';
import { errorOf } from '../services/log.ts';
import { tokenCheck } from './auth.ts';
import { notFoundHandler, problemHandler } from './problem.ts';
import { backupRoutes } from './routes/backups.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { hostRoutes } from './routes/hosts.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { migrationRunRoutes } from './routes/migration-runs.ts';
import { operationRoutes } from './routes/operations.ts';
import { policyRoutes } from './routes/policies.ts';
import { projectRoutes } from './routes/projects.ts';
import { releaseRoutes } from './routes/releases.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { sourceRoutes } from './routes/sources.ts';
import { stackRoutes } from './routes/stacks.ts';
import { tokenRoutes } from './routes/tokens.ts';

const contractFile = join(import.meta.dirname, '../openapi/openapi.yaml');

/** A bundle of 500 files may be this large together. */
const bodyLimit = '16mb';
/** YAML takes two seconds a megabyte to read; a policy of 60,000 columns has two. */
const yamlLimit = '4mb';

/** Half of a surrogate pair is no text that Postgres could store. */
function wellFormed(key: string, value: unknown): unknown {
  if (key.isWellFormed() && (typeof value !== 'string' || value.isWellFormed())) return value;
  throw Object.assign(new Error('A text in the body holds half of a surrogate pair'), { status: 400 });
}

/** The API: every request and answer is held against the contract, and every operation against its scope. */
export function createApp(greenroom: RunningGreenroom): Express {
  const contract = parse(readFileSync(contractFile, 'utf8'));
  const app = express();
  app.disable('x-powered-by');
  app.use(
    pinoHttp({
      logger: greenroom.log,
      genReqId: (req, res) => {
        const given = req.headers['x-request-id'];
        const id = typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : randomUUID();
        res.setHeader('X-Request-Id', id);
        return id;
      },
      // No headers: they carry tokens. No query: it may.
      serializers: {
        req: (req: { id: string; method: string; url: string }) => ({
          id: req.id,
          method: req.method,
          path: req.url.split('?')[0],
        }),
        res: (res: { statusCode: number }) => ({ status: res.statusCode }),
        err: ({ raw }: { raw: unknown }) => errorOf(raw),
      },
      customLogLevel: (_req, res, error) => (error || res.statusCode >= 500 ? 'error' : 'info'),
    }),
  );
  app.get('/openapi.json', (_req, res) => {
    res.json(contract);
  });
  app.use(express.json({ limit: bodyLimit, type: ['application/json'], reviver: wellFormed }));
  app.use(express.text({ limit: yamlLimit, type: ['application/yaml'] }));
  app.use(
    OpenApiValidator.middleware({
      apiSpec: contract,
      validateRequests: { allErrors: true },
      validateResponses: true,
      validateSecurity: { handlers: { token: tokenCheck(greenroom) } },
    }),
  );
  for (const routes of [
    healthRoutes,
    tokenRoutes,
    hostRoutes,
    projectRoutes,
    sourceRoutes,
    policyRoutes,
    snapshotRoutes,
    stackRoutes,
    releaseRoutes,
    migrationRunRoutes,
    backupRoutes,
    metricsRoutes,
    operationRoutes,
    eventRoutes,
  ]) {
    app.use(routes(greenroom));
  }
  app.use(notFoundHandler);
  app.use(problemHandler);
  return app;
}
