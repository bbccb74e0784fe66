import type { Database } from '../database/queries.ts';
import { recordEvent } from '../events/events.ts';
import type { Operation, OperationKindName } from './kind.ts';
import type { Queue } from './queue.ts';

/** Who asks, for the records. */
export interface Asker {
  /** The token's name. */
  name: string;
  requestId?: string;
}

/** Asks for an operation and records who did, in the caller's transaction. `input` holds no secret. */
export async function requestOperation(
  queue: Queue,
  client: Database,
  kind: OperationKindName,
  subject: string,
  input: Record<string, unknown>,
  asker: Asker,
): Promise<Operation> {
  const operation = await queue.request(client, {
    kind,
    subject,
    input,
    requestedBy: asker.name,
    ...(asker.requestId ? { requestId: asker.requestId } : {}),
  });
  await recordEvent(client, { actor: asker.name, action: kind, subject, operation: operation.id, detail: input });
  return operation;
}
