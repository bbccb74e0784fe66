import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { type Config, NodeSSH } from 'node-ssh';
import type { Client } from 'ssh2';
import { streamOf } from './channel.ts';
import { outputOf } from './command.ts';
import { agentProblem, forwardProblem, hostKeyProblem, loginProblem, sshCut } from './errors.ts';
import { algorithmsFor, fingerprintOf, keyTypeOf, pinnedKeyOf } from './host-key.ts';
import type { SshHop, SshLogin } from './login.ts';

/** A logged-in connection to an SSH host; any number of ways on go through it. */
export interface SshConnection {
  /** Connects to a port as seen from the host. @throws Problem `source-unreachable`, `source-refused` */
  forward(host: string, port: number): Promise<Duplex>;
  /**
   * Runs a command on the host and hands out its standard output as it is read.
   * @param what is named when it fails. @throws Problem `source-refused` with what the command said, `source-unreachable`
   */
  read(command: string, what: string): AsyncGenerator<Buffer, void>;
  /** Aborted with a Problem `source-unreachable` when it breaks. */
  broken: AbortSignal;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;
/** A connection that says nothing is given up after three of these: a firewall that forgot it tells nobody. */
const keepaliveMs = 5000;

/**
 * Logs in to an SSH host, through its jump host where it has one. Each host has to show the key that is pinned for it.
 * @throws Problem `source-unreachable`, `source-refused`
 */
export async function openSsh({ jump, ...hop }: SshLogin, agentSocket?: string): Promise<SshConnection> {
  if (!jump) return openHop(hop, agentSocket);
  const first = await openHop(jump, agentSocket);
  try {
    const second = await openHop(hop, agentSocket, await first.forward(hop.host, hop.port ?? 22));
    return {
      forward: second.forward,
      read: second.read,
      broken: AbortSignal.any([first.broken, second.broken]),
      async close() {
        await second.close();
        await first.close();
      },
    };
  } catch (error) {
    await first.close();
    throw error;
  }
}

async function openHop(hop: SshHop, agentSocket?: string, through?: Duplex): Promise<SshConnection> {
  const { port = 22 } = hop;
  const name = `${hop.user}@${hop.host}:${port}`;
  if (hop.agent && agentSocket === undefined) throw agentProblem(name, 'SSH_AUTH_SOCK is not set');
  const pinned = pinnedKeyOf(hop.hostKey)!;
  /** ssh2 has no reason but “denied” for it. */
  let stranger: Error | undefined;
  const config: Config = {
    host: hop.host,
    port,
    username: hop.user,
    ...(hop.privateKey === undefined ? {} : { privateKey: hop.privateKey }),
    ...(hop.passphrase === undefined ? {} : { passphrase: hop.passphrase }),
    ...(hop.agent ? { agent: agentSocket! } : {}),
    ...(through ? { sock: through as never } : {}),
    // Without it ssh2 trusts whoever answers.
    hostVerifier: (key: Buffer) => {
      const fingerprint = fingerprintOf(key);
      if (fingerprint === pinned.fingerprint) return true;
      stranger = hostKeyProblem(name, pinned.fingerprint, { fingerprint, type: keyTypeOf(key) });
      return false;
    },
    algorithms: { serverHostKey: algorithmsFor(pinned) as never },
    readyTimeout: connectTimeoutMs,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: 3,
  };
  const ssh = new NodeSSH();
  const loggedIn = ssh.connect(config);
  // There before the first wait, so that nothing of it is missed.
  const client = ssh.connection!;
  const broken = new AbortController();
  let closing = false;
  let last: unknown = new Error('the connection was closed');
  client.on('error', (error) => {
    last = error;
  });
  const closed = new Promise<void>((resolve) => client.once('close', resolve));
  const streams = new Set<Duplex>();
  const gone = () => {
    if (!closing) broken.abort(sshCut(last, name));
    for (const stream of streams) stream.destroy();
  };
  client.once('end', gone).once('close', gone);
  const close = async () => {
    closing = true;
    gone();
    client.end();
    await Promise.race([closed, setTimeout(1000, undefined, { ref: false })]);
    client.destroy();
  };
  try {
    await loggedIn;
  } catch (error) {
    closing = true;
    client.destroy();
    through?.destroy();
    throw loginProblem(stranger ?? error, name);
  }
  return {
    async forward(host, to) {
      const stream = streamOf(await openChannel(client, name, host, to));
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
      if (closing || broken.signal.aborted) stream.destroy();
      return stream;
    },
    read: (command, what) => outputOf(client, name, { command, what }, broken.signal),
    broken: broken.signal,
    close,
  };
}

function openChannel(client: Client, name: string, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(forwardProblem(error, name, `${host}:${port}`));
    const gone = () => failed(new Error('the connection was closed'));
    client.once('close', gone);
    const opened = (error: Error | undefined, channel: Duplex) => {
      client.off('close', gone);
      if (error) failed(error);
      else resolve(channel);
    };
    try {
      client.forwardOut('127.0.0.1', 0, host, port, opened);
    } catch (error) {
      opened(error as Error, undefined as never);
    }
  });
}
