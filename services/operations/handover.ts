/** The connection that holds a lock broke: someone else may hold it now, so nothing more may be done here, not even undone. */
export class LockLost extends Error {}

/** The reason greenroom's own shutdown aborts with: the operation is left as it is, for the next process to resume. */
export class ShuttingDown extends Error {}

/**
 * Whether work was broken off so that another process goes on with it. What is on the engine is then left as it is, for
 * whoever goes on may be at it already.
 */
export function isHandedOver(signal: AbortSignal | undefined): boolean {
  return signal?.reason instanceof LockLost || signal?.reason instanceof ShuttingDown;
}
