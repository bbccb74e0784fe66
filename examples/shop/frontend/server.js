// The shop's back office: pages rendered on the server, one WebSocket, nothing else.
// It runs at any base path: a proxy that serves it under /s/demo strips that and says so in
// X-Forwarded-Prefix, and every link on the page starts with it.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAssets } from './assets.js';
import { fetchBackend } from './backend.js';
import { attachLive } from './live.js';
import { customerPage, customersPage, errorPage } from './pages.js';

const PORT = 3000;
const PAGE_SIZE = 20;
const shopName = process.env.SHOP_NAME ?? 'Vintergade';
const assets = readAssets();

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(`${request.method} ${request.url}: ${error.message}`);
    if (response.headersSent) response.destroy();
    else sendPage(response, 502, errorPage(site(request), error));
  });
});

async function handle(request, response) {
  const url = new URL(request.url, 'http://shop');
  const asset = assets.byPath.get(url.pathname);
  const customer = /^\/customers\/(\d+)$/.exec(url.pathname);

  if (url.pathname === '/healthz') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  } else if (asset) {
    response
      .writeHead(200, { 'content-type': asset.type, 'cache-control': 'public, max-age=31536000, immutable' })
      .end(asset.content);
  } else if (url.pathname.startsWith('/api/')) {
    await forward(request, response, url);
  } else if (url.pathname === '/') {
    const offset = Math.max(0, Number.parseInt(url.searchParams.get('offset') ?? '0', 10) || 0);
    const [stats, list, version] = await Promise.all([
      fetchJson('/stats'),
      fetchJson(`/customers?limit=${PAGE_SIZE}&offset=${offset}`),
      fetchJson('/version'),
    ]);
    sendPage(response, 200, customersPage({ ...site(request), version }, { stats, ...list, offset, limit: PAGE_SIZE }));
  } else if (customer) {
    const [found, version] = await Promise.all([fetchBackend(url.pathname), fetchJson('/version')]);
    if (found.status === 404) sendPage(response, 404, errorPage(site(request), new Error('No such customer.')));
    else sendPage(response, 200, customerPage({ ...site(request), version }, await json(found)));
  } else {
    sendPage(response, 404, errorPage(site(request), new Error('No such page.')));
  }
}

/** What every page needs to know: where it is mounted, and what it links. */
function site(request) {
  return { base: basePath(request.headers['x-forwarded-prefix']), assets: assets.paths, shopName };
}

/** The prefix without a slash at the end; anything that is not a plain path is ignored. */
function basePath(prefix = '') {
  return /^(\/[\w.~-]+)+\/?$/.test(prefix) ? prefix.replace(/\/$/, '') : '';
}

/** Without an ingress in front, as under plain `docker compose up`, /api goes to the backend from here. */
async function forward(request, response, url) {
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const answer = await fetchBackend(url.pathname.slice('/api'.length) + url.search, {
    method: request.method,
    headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
    ...(hasBody && { body: request, duplex: 'half' }),
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
  if (answer.body) await pipeline(Readable.fromWeb(answer.body), response);
  else response.end();
}

async function fetchJson(path) {
  return json(await fetchBackend(path));
}

async function json(answer) {
  if (!answer.ok) throw new Error(`The backend answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function sendPage(response, status, html) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
}

const closeLive = attachLive(server);
server.listen(PORT, () => console.log(`frontend listens on port ${PORT}`));
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    closeLive();
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
