import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { dial } from './dial.ts';
import type { Host } from './host.ts';

/** An HTTP agent whose connections all lead to one port of one container, by `dial`. */
export function containerAgent(host: Pick<Host, 'docker'>, container: string, port: number): Agent {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 5000, maxFreeSockets: 16, timeout: 60_000 });
  // The types know the form without a callback only.
  const custom = agent as unknown as {
    createConnection(options: object, callback: (error: Error | null, socket?: Duplex) => void): void;
  };
  custom.createConnection = (_options, callback) => {
    dial(host, container, port).then(
      (socket) => callback(null, socket),
      (error) => callback(error),
    );
  };
  return agent;
}
