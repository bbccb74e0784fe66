import http from 'node:http';
import https from 'node:https';
import { inspect } from 'node:util';
import type Docker from 'dockerode';
import { engineProblem } from './away.ts';

/** The parts of docker-modem that its types leave out. */
interface Modem {
  protocol: string;
  socketPath?: string;
  host?: string;
  port?: number | string;
  agent?: http.Agent;
  dial(options: object, callback: (error: unknown, data: unknown) => void): void;
}

/** Makes every call of a client throw `EngineAway` where its connection to the engine breaks. */
export function noticeBreaks(docker: Docker): Docker {
  const modem = docker.modem as unknown as Modem;
  const where = modem.socketPath ?? `${modem.protocol}://${modem.host}:${modem.port}`;
  if (modem.protocol !== 'ssh') modem.agent = noticingCuts(modem.protocol === 'https' ? https.Agent : http.Agent);
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) =>
    dial(options, (error, data) => callback(error ? engineProblem(docker, where, error) : error, data));
  return docker;
}

/**
 * docker-modem waits for an answer's end only: one that is cut off in the middle, such as a wait for a container when
 * the engine is killed, would never be told. This tells it as the request's error.
 */
function noticingCuts(Agent: typeof http.Agent): http.Agent {
  const agent = new Agent({ keepAlive: true, timeout: 5000 });
  // docker-modem has all that it sends with a request inspected, for a log or not: its agent with all of its sockets took
  // one to two milliseconds each time.
  Object.assign(agent, { [inspect.custom]: () => 'Agent' });
  const unwatched = agent as unknown as { addRequest(request: http.ClientRequest, ...more: unknown[]): void };
  const addRequest = unwatched.addRequest.bind(agent);
  unwatched.addRequest = (request, ...more) => {
    request.on('response', (answer) => answer.on('error', (error) => request.emit('error', error)));
    addRequest(request, ...more);
  };
  return agent;
}
