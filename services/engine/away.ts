import type Docker from 'dockerode';
import { messageOf, Problem } from '../errors.ts';

/** The engine broke the connection, does not take one, or has forgotten what it was doing: it is down, or was restarted. */
export class EngineAway extends Problem {
  private readonly docker: Pick<Docker, 'ping'>;

  constructor(docker: Pick<Docker, 'ping'>, what: string, cause?: unknown) {
    super('engine-failed', what, {
      remedy: 'Check that the Docker engine runs, and that DOCKER_HOST names it; then ask again.',
      cause,
    });
    this.docker = docker;
  }

  /** Waits until the engine answers, at most `timeoutMs`. */
  async untilItAnswers(timeoutMs: number, signal: AbortSignal): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline && !signal.aborted; ) {
      const answers = await this.docker.ping().then(
        () => true,
        () => false,
      );
      if (answers) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The engine's absence, where an error was caused by it. */
export function engineAwayIn(error: unknown): EngineAway | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof EngineAway) return cause;
  return undefined;
}

/** What a broken connection to the engine becomes. An answer, an abort and a bad request are not the connection's fault. */
export function engineProblem(docker: Pick<Docker, 'ping'>, where: string, error: unknown): unknown {
  const { statusCode, code, name } = error as { statusCode?: number; code?: string; name?: string };
  if (statusCode !== undefined || code === undefined || name === 'AbortError' || code.startsWith('ERR_')) return error;
  return new EngineAway(docker, `The Docker engine at ${where} does not answer: ${messageOf(error)}`, error);
}

/** Told to stop, killed, or lost with its engine. */
const outsideCodes = [0, 137, 143, 255];

/** Whether a container ended without having a reason of its own. */
export function stoppedFromOutside(state: { Running: boolean; OOMKilled: boolean; ExitCode: number }): boolean {
  return !state.Running && !state.OOMKilled && outsideCodes.includes(state.ExitCode);
}

/** Postgres is told to stop, has crashed, or starts; the network does not lead there any more. */
const broken = ['57P01', '57P02', '57P03', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH'];

/**
 * An engine that is back before anybody noticed its absence shows in the connections into its containers alone: they
 * break. An error that says more than that stays what it is.
 */
export function explainBrokenConnection(docker: Pick<Docker, 'ping'>, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Problem) return error;
  const { code = '' } = error as { code?: string };
  if (!broken.includes(code) && !/^Connection terminated/.test(error.message)) return error;
  return new EngineAway(docker, `The connection into a container broke: ${messageOf(error)}`, error);
}
