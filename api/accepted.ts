import type { Response } from 'express';
import type { Operation } from '../services/operations/kind.ts';

/** Answers that a long job was taken on, and where to follow it. */
export function accepted(res: Response, operation: Operation): void {
  res.status(202).location(`/v1/operations/${operation.id}`).json(operation);
}
