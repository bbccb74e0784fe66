import Docker from 'dockerode';
import { noticeBreaks } from './connection.ts';

/** One Docker engine that stacks live on, as this installation of greenroom sees it. */
export interface Host {
  /** The row's id in `hosts`. */
  id: string;
  name: string;
  docker: Docker;
  /** This installation's id: in every name and label, so that two installations share an engine unharmed. */
  installation: string;
  /** The image of greenroom's own containers (helper): a Debian-based one, whose `cp` knows --reflink. */
  helperImage: string;
}

/** The engine that DOCKER_HOST names, or the local socket. Its calls throw `EngineAway` where the connection breaks. */
export function connectDocker(): Docker {
  return noticeBreaks(new Docker());
}

export function isStatus(error: unknown, status: number): boolean {
  return typeof error === 'object' && error !== null && (error as { statusCode?: number }).statusCode === status;
}

/** Runs an engine call whose object may be gone already (404) or already in the state asked for (304). */
export async function ifPresent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isStatus(error, 404) || isStatus(error, 304)) return undefined;
    throw error;
  }
}
