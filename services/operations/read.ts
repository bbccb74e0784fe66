import { type Database, query, queryOne } from '../database/queries.ts';
import { Problem } from '../errors.ts';
import type { Operation } from './kind.ts';

export interface OperationRow {
  id: string;
  kind: Operation['kind'];
  subject: string;
  input: never;
  state: Operation['state'];
  requested_by: string;
  request_id: string | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  attempt: number;
  cancel_requested: boolean;
  progress: Operation['progress'] | null;
  result: Operation['result'] | null;
  error: Operation['error'] | null;
  steps?: (Omit<Operation['steps'][number], 'durationMs'> & { durationMs: number | null })[];
}

/** @throws Problem `not-found` */
export async function getOperation(database: Database, id: string): Promise<Operation> {
  const row = await queryOne<OperationRow>(database, 'get-operation', [id]);
  if (!row) throw new Problem('not-found', `There is no operation ${id}`, { where: id });
  return toOperation(row);
}

export async function listOperations(
  database: Database,
  filter: { state?: string; subject?: string; limit: number },
): Promise<Operation[]> {
  const values = [filter.state ?? null, filter.subject ?? null, filter.limit];
  return (await query<OperationRow>(database, 'list-operations', values)).map(toOperation);
}

export interface LogLine {
  id: number;
  at: Date;
  line: string;
}

/** At most 5,000 lines of an operation's log, after the line `afterId`. */
export async function readLog(database: Database, id: string, afterId: number): Promise<LogLine[]> {
  return query<LogLine>(database, 'operation-log-after', [id, afterId]);
}

export function hasEnded(operation: Pick<Operation, 'state'>): boolean {
  return operation.state !== 'queued' && operation.state !== 'running';
}

export function toOperation(row: OperationRow): Operation {
  return {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    state: row.state,
    requestedBy: row.requested_by,
    ...(row.request_id ? { requestId: row.request_id } : {}),
    createdAt: row.created_at.toISOString(),
    ...(row.started_at ? { startedAt: row.started_at.toISOString() } : {}),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
    attempt: row.attempt,
    cancelRequested: row.cancel_requested,
    steps: (row.steps ?? []).map(({ durationMs, ...step }) => (durationMs === null ? step : { ...step, durationMs })),
    ...(row.progress ? { progress: row.progress } : {}),
    ...(row.result ? { result: row.result } : {}),
    ...(row.error ? { error: row.error } : {}),
  };
}
