import type { Client, ClientChannel } from 'ssh2';
import { commandProblem, sshCut } from './errors.ts';

const keptBytes = 4096;

/** @see SshConnection.read @param host is user@host:port */
export async function* outputOf(
  client: Client,
  host: string,
  { command, what }: { command: string; what: string },
  broken: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const channel = await open(client, host, command);
  let stderr = '';
  channel.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString('utf8')}`.slice(-keptBytes);
  });
  // A host that ends the channel without a word has been cut off; null: by a signal.
  let exitCode: number | null = null;
  channel.once('exit', (code: number | null) => {
    exitCode = code;
  });
  const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  const cut = () => channel.destroy();
  client.once('close', cut);
  try {
    yield* channel as AsyncIterable<Buffer>;
    channel.stderr.resume();
    await closed;
  } catch (error) {
    throw broken.aborted ? broken.reason : sshCut(error, host);
  } finally {
    client.off('close', cut);
    channel.destroy();
  }
  if (broken.aborted) throw broken.reason;
  if (exitCode !== 0) throw commandProblem(host, what, stderr, exitCode);
}

function open(client: Client, host: string, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(sshCut(new Error('the connection was closed'), host));
    client.once('close', gone);
    client.exec(command, (error, channel) => {
      client.off('close', gone);
      if (error) reject(commandProblem(host, command, error.message, null));
      else resolve(channel);
    });
  });
}
