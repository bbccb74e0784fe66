// ask-engine.mjs PATH [TIMEOUT_MS] - exits 0 when the Docker engine answers GET PATH with 200. It asks on
// DOCKER_HOST (unix:// or tcp://), or on the default socket, and needs neither a docker command nor a package.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';

const [path, timeoutMs = '5000'] = process.argv.slice(2);
const host = process.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
const tls = Boolean(process.env.DOCKER_TLS_VERIFY) && host.startsWith('tcp://');

/** The client's certificates, where the docker command looks for them. */
function certificates() {
  const folder = process.env.DOCKER_CERT_PATH || join(homedir(), '.docker');
  const read = (name) => readFileSync(join(folder, name));
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

function target() {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { hostname, port } = new URL(host);
  return tls ? { host: hostname, port: port || 2376, ...certificates() } : { host: hostname, port: port || 2375 };
}

const no = () => process.exit(1);
setTimeout(no, Number(timeoutMs));
const ask = tls ? requestTls : request;
ask({ ...target(), path }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
  .on('error', no)
  .end();
