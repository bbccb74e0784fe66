import type { components } from '../../openapi/types.ts';
import { createClient } from './client.ts';

/**
 * What a CI job runs before it goes on to production: prints the readiness of a release and says the verdict by its
 * exit code.
 *
 *   GREENROOM_URL=… GREENROOM_TOKEN=… node examples/demo/verdict.ts PROJECT VERSION [STACK]
 */
const exitCodes: Record<components['schemas']['Verdict'], number> = {
  READY: 0,
  READY_WITH_WARNINGS: 0,
  NOT_READY: 1,
  // Nobody knows: never taken for a yes.
  INCONCLUSIVE: 2,
};
const cannotAsk = 3;

const [project, version, stack] = process.argv.slice(2);
const { GREENROOM_URL: url, GREENROOM_TOKEN: token } = process.env;
if (!project || !version || !url || !token) {
  process.stderr.write('usage: GREENROOM_URL=… GREENROOM_TOKEN=… verdict.ts PROJECT VERSION [STACK]\n');
  process.exit(cannotAsk);
}
const on = stack ? `&stack=${encodeURIComponent(stack)}` : '';
const path = `/v1/projects/${project}/releases/${encodeURIComponent(version)}/readiness?format=text${on}`;
try {
  const text = await createClient(url.replace(/\/+$/, ''), token).call<string>('GET', path);
  process.stdout.write(text);
  process.exitCode = exitCodes[text.split(' ', 1)[0] as keyof typeof exitCodes] ?? cannotAsk;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = cannotAsk;
}
