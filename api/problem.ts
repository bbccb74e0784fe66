import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { Problem, type ProblemCode, type ProblemDocument } from '../services/errors.ts';

const codeOfStatus: Record<number, ProblemCode> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  415: 'unsupported-media-type',
};

/** What Postgres answers to a NUL in text, and in a JSON string. */
const unstorable = new Set(['22021', '22P05']);

/** The one place where an error becomes an answer (RFC 9457). */
export const problemHandler: ErrorRequestHandler = (error, req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const document = { where: req.path, ...toDocument(error, bodyTypesOf(req)) };
  if (document.status >= 500) req.log.error({ err: error }, document.detail);
  sendProblem(res, { ...document, requestId: String(req.id) });
};

export const notFoundHandler: RequestHandler = (req, _res, next) => {
  next(
    new Problem('not-found', `Nothing answers ${req.method} ${req.path}`, {
      remedy: 'GET /openapi.json lists what does.',
    }),
  );
};

export function sendProblem(res: Response, document: ProblemDocument & { requestId?: string }): void {
  if (document.status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
  // `send`, not `json`: the answer's shape is this module's affair, not the contract check's.
  res.status(document.status).type('application/problem+json').send(JSON.stringify(document));
}

/** The media types that the contract names for the body of what was asked, once it was found there. */
function bodyTypesOf(req: Request): string[] {
  const { openapi } = req as { openapi?: { schema?: { requestBody?: { content?: object } } } };
  return Object.keys(openapi?.schema?.requestBody?.content ?? {});
}

/** What the contract check, the body parser or greenroom itself threw, as a problem. @param bodyTypes that are taken there */
export function toDocument(error: unknown, bodyTypes: readonly string[] = []): ProblemDocument {
  if (error instanceof Problem) return error.toDocument();
  if (unstorable.has(String((error as { code?: unknown }).code))) {
    const remedy = 'Take it out of the text.';
    return new Problem('invalid-request', 'The request holds a NUL character, which no text may hold', {
      remedy,
    }).toDocument();
  }
  const {
    status = 500,
    message = '',
    errors,
  } = error as {
    status?: number;
    message?: string;
    errors?: { path: string; message: string }[];
  };
  const code = codeOfStatus[status];
  if (code === undefined) {
    return new Problem(
      'internal',
      'greenroom failed at this; its log holds the reason under this request id',
    ).toDocument();
  }
  const mistakes = errors?.map(({ path, message: what }) => ({ where: path, what: saidOfKey(what) }));
  const listed = code === 'invalid-request' && mistakes && mistakes.length > 0;
  const detail = listed
    ? mistakes.map(({ where, what }) => `${where} ${what}`).join('; ')
    : message || STATUS_CODES[status]!;
  const asType = status === 415 && bodyTypes.length > 0;
  return new Problem(code, detail, {
    ...(asType ? { remedy: `Send the body as Content-Type: ${bodyTypes.join(' or ')}.` } : {}),
    ...(listed ? { errors: mistakes } : {}),
  }).toDocument();
}

/** The contract check names an unknown key by its place, and then says what the object around it must not. */
function saidOfKey(what: string): string {
  return /^must NOT have (additional|unevaluated) properties$/.test(what) ? 'is not known there' : what;
}
