import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import { type Database, queryOne } from '../database/queries.ts';
import type { Operation, OperationKindName } from './kind.ts';
import { type OperationRow, toOperation } from './read.ts';
import { type Runner, runOperation, ShuttingDown } from './run.ts';

const queueName = 'operations';

export interface OperationRequest {
  kind: OperationKindName;
  subject: string;
  /** Stored as it is: no secrets. */
  input: Record<string, unknown>;
  requestedBy: string;
  requestId?: string;
}

export interface Queue {
  /** Records the operation and its job in the caller's transaction: both or neither. */
  request(client: Database, request: OperationRequest): Promise<Operation>;
  /** Lets running operations go: the next process resumes them. */
  stop(): Promise<void>;
}

/**
 * Carries operations by pg-boss: at most `concurrency` at once in this process, any number of processes on one
 * database. A job whose process has died is taken over once its heartbeat is 10 s old (15 min without heartbeats).
 */
export async function startQueue(runner: Runner, concurrency: number): Promise<Queue> {
  const boss = new PgBoss({
    ...(runner.databaseConfig as { connectionString: string }),
    schema: 'pgboss',
    max: 4,
    application_name: 'greenroom queue',
    useListenNotify: true,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    schedule: false,
  });
  boss.on('error', (error) => runner.log.error({ err: error }, 'job queue'));
  await boss.start();
  await boss.createQueue(queueName, {
    heartbeatSeconds: 10,
    // The pause between two attempts is made by `runOperation`, which knows what to wait for; it never gives up an
    // operation that is not undone yet.
    retryLimit: 2 ** 31 - 1,
    retryDelay: 0,
    expireInSeconds: 24 * 3600 - 1,
    notify: true,
  });
  const shutdown = new AbortController();
  const running = new Set<Promise<void>>();
  await boss.work<{ operation: string }>(
    queueName,
    {
      localConcurrency: concurrency,
      pollingIntervalSeconds: 0.5,
      notifyPollingIntervalSeconds: 2,
      heartbeatRefreshSeconds: 3,
    },
    async ([job]) => {
      const run = runOperation(runner, job!.data.operation, shutdown.signal);
      running.add(run);
      await run.finally(() => running.delete(run));
    },
  );
  return {
    async request(client, request) {
      const row = await queryOne<OperationRow>(client, 'insert-operation', [
        request.kind,
        request.subject,
        request.input,
        request.requestedBy,
        request.requestId ?? null,
      ]);
      const executeSql = (text: string, values?: unknown[]) =>
        client.query(text, values as unknown[]) as Promise<pg.QueryResult>;
      await boss.send(queueName, { operation: row!.id }, { db: { executeSql } });
      return toOperation(row!);
    },
    async stop() {
      shutdown.abort(new ShuttingDown('greenroom is shutting down'));
      await Promise.allSettled(running);
      await boss.stop({ graceful: true, timeout: 5000 });
    },
  };
}
