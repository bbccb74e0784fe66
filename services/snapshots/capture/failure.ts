import type pg from 'pg';
import { EngineAway, engineAwayIn, stoppedFromOutside } from '../../engine/away.ts';
import { explainFullDisk } from '../../engine/disk.ts';
import { type Host, ifPresent } from '../../engine/host.ts';
import { Problem } from '../../errors.ts';
import { answers } from '../../sources/connect.ts';
import { sourceCut, sourceProblem, timeoutRemedies, withoutValues } from '../../sources/errors.ts';
import { lockNotAvailable, lockProblem } from '../../sources/locked.ts';
import type { TargetSpec } from './target.ts';

/**
 * What broke a capture off, for a person: a broken connection looks the same whichever end of the copy it is at, so
 * source, engine, disk and target are asked. To be called before anything is taken down.
 *
 * @param source the exporting session, undefined once it is not needed any more.
 */
export async function captureProblem(
  error: unknown,
  at: { source: pg.Client | undefined; server: string; host: Host; spec: TargetSpec },
): Promise<unknown> {
  if (engineAwayIn(error)) return error;
  if (error instanceof Problem && error.code.startsWith('source-')) return error;
  if (at.source && (endsTransaction(error) || !(await answers(at.source)))) return sourceCut(error, at.server);
  try {
    const full = await explainFullDisk(at.host, error);
    if (full !== error) return full;
    const stopped = await whyStopped(at.host, at.spec);
    if (stopped) return stopped;
  } catch (away) {
    if (engineAwayIn(away)) return away;
    throw away;
  }
  if (error instanceof Problem) return error;
  const { severity, code = '' } = error as { severity?: string; code?: string };
  // The target has no time-outs.
  if (severity && code === lockNotAvailable && at.source)
    return lockProblem(at.source, `${at.server} refused: ${withoutValues(error)}`, at.server);
  if (severity && timeoutRemedies[code] === undefined) {
    return new Problem('capture-failed', `The capture failed: ${withoutValues(error)}`, { where: at.server });
  }
  return sourceProblem(error, at.server);
}

/** Class 40 of SQLSTATE: a replica took the transaction back, and with it the snapshot. */
function endsTransaction(error: unknown): boolean {
  return String((error as { code?: unknown }).code ?? '').startsWith('40');
}

async function whyStopped(host: Host, { container, image }: TargetSpec): Promise<Problem | undefined> {
  const info = await ifPresent(host.docker.getContainer(container).inspect());
  if (!info || info.State.Running || info.State.Status === 'created') return undefined;
  const { ExitCode: code, OOMKilled: outOfMemory } = info.State;
  // Nothing is wrong with the capture.
  if (stoppedFromOutside(info.State)) {
    return new EngineAway(host.docker, `The Postgres of the snapshot was stopped from outside (exit code ${code})`);
  }
  return new Problem(
    'capture-failed',
    `The Postgres of the snapshot ended in the middle${outOfMemory ? ', out of memory' : ''} (exit code ${code})`,
    { where: image, remedy: 'Check the memory of the Docker engine’s machine, and its kernel log.' },
  );
}
