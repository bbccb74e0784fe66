import { createInterface } from 'node:readline';
import { type Duplex, PassThrough, type Readable } from 'node:stream';
import { Problem } from '../errors.ts';
import { EngineAway } from './away.ts';
import { type Host, ifPresent } from './host.ts';

export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  command: string[];
  /** Visible to whoever may inspect the engine while it runs. */
  environment?: Record<string, string>;
  user?: string;
  /** Written to the command's standard input, which is then closed. */
  input?: string | Buffer;
  /** What is kept of each output stream, from its end. */
  keepBytes?: number;
  /** Gets standard output line by line instead of its being kept. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Runs a command in a running container and waits for it.
 *
 * When `signal` aborts, the wait ends at once; the command itself ends with its container, for the engine has no way
 * to stop an exec.
 */
export async function exec(host: Pick<Host, 'docker'>, container: string, options: ExecOptions): Promise<ExecResult> {
  options.signal?.throwIfAborted();
  const { docker } = host;
  const process = await docker.getContainer(container).exec({
    Cmd: options.command,
    Env: Object.entries(options.environment ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(options.user === undefined ? {} : { User: options.user }),
    AttachStdin: options.input !== undefined,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await process.start({ hijack: true, stdin: options.input !== undefined });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  docker.modem.demuxStream(stream, stdout, stderr);
  const keepBytes = options.keepBytes ?? 1 << 20;
  const { onLine } = options;
  const collected = Promise.all([
    onLine ? eachLine(stdout, onLine, stream) : collect(stdout, keepBytes),
    collect(stderr, keepBytes),
  ]);
  // Who reads the lines may fail: then nobody reads on, and the command would be waited for in vain.
  collected.catch((error) => stream.destroy(error));
  const abort = () => stream.destroy(new Problem('cancelled', `Stopped waiting for: ${options.command[0]}`));
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      stream.once('error', reject);
      if (options.input !== undefined) stream.end(options.input);
    });
    options.signal?.throwIfAborted();
  } finally {
    options.signal?.removeEventListener('abort', abort);
    stdout.end();
    stderr.end();
  }
  const [out, err] = await collected;
  return { exitCode: await exitCodeOf(docker, process), stdout: out, stderr: err };
}

export async function exitCodeOf(
  docker: Host['docker'],
  process: { inspect(): Promise<{ Running: boolean; ExitCode: number | null }> },
): Promise<number> {
  // The output ends a moment before the engine has noted the exit.
  for (let attempt = 0; attempt < 1000; attempt++) {
    const state = await ifPresent(process.inspect());
    // It keeps commands in its memory only.
    if (!state) throw new EngineAway(docker, 'The Docker engine has forgotten a command: it was restarted meanwhile');
    if (!state.Running && state.ExitCode !== null) return state.ExitCode;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Problem('engine-failed', 'The engine did not say how the command ended');
}

const maxWaitingBytes = 4 << 20;

/** The demultiplexer passes on whatever comes: what comes faster than it is read has to wait in the engine. */
async function eachLine(stdout: PassThrough, onLine: (line: string) => void, from: Duplex): Promise<string> {
  const waiting = () => stdout.readableLength + stdout.writableLength;
  from.on('data', () => {
    if (waiting() > maxWaitingBytes) from.pause();
  });
  const resuming = setInterval(() => {
    if (from.isPaused() && waiting() < maxWaitingBytes / 2) from.resume();
  }, 10);
  try {
    for await (const line of createInterface({ input: stdout, crlfDelay: Number.POSITIVE_INFINITY })) onLine(line);
    return '';
  } finally {
    clearInterval(resuming);
  }
}

async function collect(stream: Readable, keepBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes - chunks[0]!.length >= keepBytes) bytes -= chunks.shift()!.length;
  }
  return Buffer.concat(chunks).subarray(-keepBytes).toString('utf8');
}
