import pg from 'pg';
import { alive } from '../database/open.ts';

/** Tells who follows an operation that it has changed, whichever process changed it. */
export interface Followers {
  /** Calls `onChange` at every change of the operation, at least every two seconds, until `stop` is called. */
  follow(operation: string, onChange: () => void): { stop(): void };
  close(): Promise<void>;
}

/** Listens on one connection for all followers of this process; the timer covers the time a connection is lost. */
export async function followOperations(config: pg.ClientConfig): Promise<Followers> {
  const callbacks = new Map<string, Set<() => void>>();
  let closed = false;
  let client: pg.Client | undefined;

  const listenAgain = () => {
    if (!closed) setTimeout(() => !closed && listen().catch(listenAgain), 1000).unref();
  };
  const listen = async () => {
    const next = new pg.Client({ ...config, ...alive, application_name: 'greenroom listen' });
    next.on('notification', ({ payload }) => {
      for (const callback of callbacks.get(payload ?? '') ?? []) callback();
    });
    next.on('error', () => {});
    await next.connect();
    await next.query('LISTEN greenroom_operation');
    client = next;
    next.on('end', listenAgain);
  };
  await listen();

  return {
    follow(operation, onChange) {
      const set = callbacks.get(operation) ?? new Set();
      callbacks.set(operation, set.add(onChange));
      const timer = setInterval(onChange, 2000);
      return {
        stop() {
          clearInterval(timer);
          set.delete(onChange);
          if (set.size === 0) callbacks.delete(operation);
        },
      };
    },
    async close() {
      closed = true;
      await client?.end();
    },
  };
}
