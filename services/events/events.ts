import type { components } from '../../openapi/types.ts';
import { type Database, query } from '../database/queries.ts';

type Event = components['schemas']['Event'];

export interface NewEvent {
  /** A token's name, or `greenroom` for what it does of itself. */
  actor: string;
  /** `stack.create`, `project.update`, … */
  action: string;
  subject: string;
  operation?: string;
  detail?: Record<string, unknown>;
}

/** Records who did what to what. `detail` holds no secret. */
export async function recordEvent(database: Database, event: NewEvent): Promise<void> {
  await query(database, 'insert-event', [
    event.actor,
    event.action,
    event.subject,
    event.operation ?? null,
    event.detail ?? {},
  ]);
}

export async function listEvents(database: Database, subject: string | undefined, limit: number): Promise<Event[]> {
  type Row = Omit<Event, 'at' | 'operation'> & { at: Date; operation: string | null };
  const rows = await query<Row>(database, 'list-events', [subject ?? null, limit]);
  return rows.map(({ operation, at, ...row }) => ({
    ...row,
    at: at.toISOString(),
    ...(operation ? { operation } : {}),
  }));
}
