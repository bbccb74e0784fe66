import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leaveNoCores } from '../services/core-dumps.ts';
import { connectDocker } from '../services/engine/host.ts';
import { messageOf } from '../services/errors.ts';
import { startGreenroom } from '../services/greenroom.ts';
import { createLog } from '../services/log.ts';
import { readSettings, type Settings } from '../services/settings.ts';
import { createFirstToken } from '../services/tokens/tokens.ts';
import { createApp } from './app.ts';
import { createIngress } from './ingress.ts';

const uploadTimeoutMs = 6 * 3_600_000;

async function main(settings: Settings): Promise<void> {
  const log = createLog(settings.logLevel);
  // Node itself would print all properties of the error.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'greenroom ends by an error that nobody caught');
    process.exit(1);
  });
  if (!leaveNoCores()) log.warn('a core dump of greenroom may hold rows and keys: start it with ulimit -c 0');
  const greenroom = await startGreenroom(settings, connectDocker(), log);
  const app = createApp(greenroom);
  const ingress = createIngress(greenroom);
  const server = createServer((req, res) => {
    if (!ingress.web(req, res)) app(req, res);
  });
  server.on('upgrade', ingress.upgrade);
  // A backup that is imported, and what a stack's users upload, may take longer than the five minutes that Node gives.
  server.requestTimeout = uploadTimeoutMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.bind, resolve);
  });
  const { port } = server.address() as AddressInfo;
  log.info({ port, bind: settings.bind, installation: greenroom.installation }, 'greenroom listens');
  const token = await createFirstToken(greenroom.pool);
  // Not through the log, which is kept: this is the only time it is shown.
  if (token) process.stdout.write(`\nThe first admin token, shown once: ${token}\n\n`);

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping; operations under way are resumed at the next start');
    server.close();
    server.closeAllConnections();
    await greenroom.stop();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

try {
  await main(readSettings(process.env));
} catch (error) {
  process.stderr.write(`greenroom cannot start: ${messageOf(error)}\n`);
  process.exit(1);
}
