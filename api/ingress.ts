import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createProxyServer } from 'httpxy';
import { Problem, type ProblemDocument } from '../services/errors.ts';
import type { Greenroom } from '../services/greenroom.ts';
import { type Routed, stackRouter } from '../services/stacks/route.ts';
import { toDocument } from './problem.ts';

/** What a request for a stack asks for: by name (`<stack>.localhost`) or by path (`/s/<stack>/…`). */
export interface Addressed {
  stack: string;
  /** The path with the query, as the stack is to see it. */
  url: string;
  /** What came before it: '' or `/s/<stack>`. */
  prefix: string;
}

/** Says which stack a request is for; undefined: it is for greenroom itself. */
export function addressOf(host: string | undefined, url: string, domain: string): Addressed | undefined {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (name.endsWith(`.${domain}`)) {
    return { stack: name.slice(0, -domain.length - 1), url, prefix: '' };
  }
  const match = /^\/s\/([^/?]+)(.*)$/s.exec(url);
  if (!match) return undefined;
  const [, stack, rest] = match as unknown as [string, string, string];
  return { stack, url: rest.startsWith('/') ? rest : `/${rest}`, prefix: `/s/${stack}` };
}

export interface Ingress {
  /** Answers the request when it is for a stack; false: it is for greenroom itself. */
  web(req: IncomingMessage, res: ServerResponse): boolean;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Passes requests and WebSockets on to stacks. */
export function createIngress(greenroom: Greenroom): Ingress {
  const route = stackRouter(greenroom);
  const { ingressDomain } = greenroom.settings;
  const proxy = createProxyServer({ xfwd: true });
  const prefixes = new WeakMap<IncomingMessage, string>();
  proxy.on('proxyRes', (answer, req) => {
    const prefix = prefixes.get(req);
    if (!prefix) return;
    // A redirect to a path of the stack's own has to stay under the stack's prefix, and so has a cookie.
    const { location } = answer.headers;
    if (location?.startsWith('/') && !location.startsWith('//') && !location.startsWith(`${prefix}/`)) {
      answer.headers.location = prefix + location;
    }
    const cookies = answer.headers['set-cookie'];
    if (cookies)
      answer.headers['set-cookie'] = cookies.map((cookie) =>
        cookie.replace(/;\s*path=\/(?=;|$)/i, `; Path=${prefix}/`),
      );
  });
  // The proxy reports here, not by its promises, once someone listens: a service may go away in the middle of a request.
  proxy.on('error', (error, req, res) => {
    if (res instanceof ServerResponse) refuse(req!, res, error);
    else res?.destroy();
  });

  const prepare = async (req: IncomingMessage, addressed: Addressed): Promise<Routed> => {
    const routed = await route(addressed.stack, addressed.url);
    const prefix = addressed.prefix + routed.stripped;
    req.url = routed.path;
    if (prefix) req.headers['x-forwarded-prefix'] = prefix;
    else delete req.headers['x-forwarded-prefix'];
    prefixes.set(req, addressed.prefix);
    return routed;
  };
  // The agent leads to the container whatever the address; this one only has to be well formed.
  const optionsFor = ({ agent }: Routed) => ({ target: 'http://stack.invalid', agent });

  return {
    web(req, res) {
      const addressed = addressOf(req.headers.host, req.url ?? '/', ingressDomain);
      if (!addressed) return false;
      if (addressed.prefix && req.url === addressed.prefix) {
        res.writeHead(308, { Location: `${addressed.prefix}/` }).end();
        return true;
      }
      prepare(req, addressed)
        .then((routed) => proxy.web(req, res, optionsFor(routed)))
        .catch((error) => refuse(req, res, error));
      return true;
    },
    upgrade(req, socket, head) {
      socket.on('error', () => socket.destroy());
      const addressed = addressOf(req.headers.host, req.url ?? '/', ingressDomain);
      if (!addressed) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
        return;
      }
      prepare(req, addressed)
        .then((routed) => proxy.ws(req, socket as never, optionsFor(routed), head))
        .catch((error) => {
          const { status, title } = documentOf(error);
          socket.end(`HTTP/1.1 ${status} ${title}\r\nConnection: close\r\n\r\n`);
        });
    },
  };
}

function documentOf(error: unknown): ProblemDocument {
  const code = (error as { code?: string }).code ?? '';
  if (!(error instanceof Problem) && /^E[A-Z]+$/.test(code)) {
    return new Problem('service-unreachable', `The connection to the service broke: ${code}`).toDocument();
  }
  return toDocument(error);
}

/** A browser gets a page, anything else problem+json. */
function refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const document = documentOf(error);
  const wantsPage = req.headers.accept?.includes('text/html') ?? false;
  res.writeHead(document.status, {
    'Content-Type': wantsPage ? 'text/html; charset=utf-8' : 'application/problem+json',
  });
  res.end(wantsPage ? pageOf(document) : JSON.stringify(document));
}

function pageOf({ status, title, detail, remedy }: ProblemDocument): string {
  const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return `<!doctype html><meta charset="utf-8"><title>${status} ${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#1c2b24}small{color:#5b6b63}</style>
<small>greenroom · ${status}</small><h1>${escapeHtml(title)}</h1><p>${escapeHtml(detail)}</p>${remedy ? `<p>${escapeHtml(remedy)}</p>` : ''}`;
}
