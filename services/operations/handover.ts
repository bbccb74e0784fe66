import { LockLost } from './lock.ts';
import { ShuttingDown } from './run.ts';

/**
 * Whether work was broken off so that another process goes on with it: greenroom shuts down, or the lock went with its
 * connection. What is on the engine is then left as it is, for whoever goes on may be at it already.
 */
export function isHandedOver(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason instanceof LockLost || signal.reason instanceof ShuttingDown);
}
