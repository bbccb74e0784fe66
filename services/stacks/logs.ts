import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Host, ifPresent } from '../engine/host.ts';

/** A container's last lines, each with its time, standard output and error together; undefined when it is not there. */
export async function readLogs(
  host: Pick<Host, 'docker'>,
  container: string,
  tail: number,
): Promise<string | undefined> {
  const found = host.docker.getContainer(container);
  const info = await ifPresent(found.inspect());
  if (!info) return undefined;
  const raw = await found.logs({ stdout: true, stderr: true, tail, timestamps: true, follow: false });
  if (info.Config.Tty) return raw.toString('utf8');
  const source = new PassThrough();
  const lines = new PassThrough();
  const collected = text(lines);
  host.docker.modem.demuxStream(source, lines, lines);
  source.end(raw);
  source.once('end', () => lines.end());
  return (await collected).split('\n').sort(byTime).join('\n').trimStart();
}

/**
 * Hands on what a container without a terminal writes, from its first line on, until it ends or `stop` is called.
 * @returns stop
 */
export async function followLogs(
  host: Pick<Host, 'docker'>,
  container: string,
  onLine: (line: string) => void,
): Promise<() => void> {
  const stream = (await host.docker
    .getContainer(container)
    .logs({ stdout: true, stderr: true, follow: true })) as unknown as Readable;
  const lines = new PassThrough();
  host.docker.modem.demuxStream(stream, lines, lines);
  createInterface({ input: lines }).on('line', onLine);
  const stop = () => {
    stream.destroy();
    lines.end();
  };
  stream.once('end', stop).on('error', stop);
  return stop;
}

/** The two streams come apart; their lines' times put them together again. */
function byTime(a: string, b: string): number {
  const [timeA, timeB] = [a.slice(0, 30), b.slice(0, 30)];
  return timeA < timeB ? -1 : timeA > timeB ? 1 : 0;
}
