import type { Duplex } from 'node:stream';
import { exitCodeOf } from './exec.ts';
import type { Host } from './host.ts';

/** A command that ended with another code than 0. */
export class CommandFailed extends Error {
  readonly exitCode: number;
  /** The end of what it said. */
  readonly stderr: string;

  constructor(command: string, exitCode: number, stderr: string) {
    super(`${command} exited with code ${exitCode}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

const headerBytes = 8;
const toStderr = 2;
const keptBytes = 16 << 10;

/**
 * Runs a command in a running container and hands out its standard output as it is read: what is not read yet waits in
 * the command. A command that is not read to its end stays until its container goes.
 * @throws CommandFailed after the last of it
 */
export async function* outputOf(
  host: Pick<Host, 'docker'>,
  container: string,
  command: string[],
): AsyncGenerator<Buffer, void> {
  const process = await host.docker
    .getContainer(container)
    .exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream: Duplex = await process.start({ hijack: true, stdin: false });
  let stderr = Buffer.alloc(0);
  try {
    for await (const { type, bytes } of framesOf(stream)) {
      if (type !== toStderr) yield bytes;
      else stderr = Buffer.concat([stderr, bytes]).subarray(-keptBytes);
    }
  } finally {
    stream.destroy();
  }
  const exitCode = await exitCodeOf(host.docker, process);
  if (exitCode !== 0) throw new CommandFailed(command[0]!, exitCode, stderr.toString('utf8'));
}

/** The engine's frames: one byte that says which stream, three of nothing, four of length; handed out in the pieces they come in. */
async function* framesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<{ type: number; bytes: Buffer }> {
  let type = 0;
  let left = 0;
  let header = Buffer.alloc(0);
  for await (const chunk of stream) {
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        const part = chunk.subarray(at, at + headerBytes - header.length);
        header = Buffer.concat([header, part]);
        at += part.length;
        if (header.length < headerBytes) break;
        type = header[0]!;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      } else {
        const bytes = chunk.subarray(at, at + left);
        at += bytes.length;
        left -= bytes.length;
        yield { type, bytes };
      }
    }
  }
}
