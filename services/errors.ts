/**
 * One table of what can go wrong: code → HTTP status and title. A `Problem` is turned into RFC 9457
 * problem+json in one place (api/problem.ts); operations store the same document as their `error`.
 */
export const problemTable = {
  'invalid-request': { status: 400, title: 'The request does not match the contract' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'The token lacks the scope this needs' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'That method is not for this' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that is not taken' },
  conflict: { status: 409, title: 'The request conflicts with the present state' },
  'compose-invalid': { status: 422, title: 'The Compose file cannot be used' },
  'policy-invalid': { status: 422, title: 'The masking policy cannot be used' },
  'policy-incomplete': { status: 422, title: 'The masking policy does not classify every column' },
  'source-unreachable': { status: 502, title: 'The source cannot be reached' },
  'source-refused': { status: 502, title: 'The source refused what was asked of it' },
  'capture-failed': { status: 500, title: 'The snapshot could not be captured' },
  'image-unavailable': { status: 422, title: 'An image cannot be had' },
  'service-unhealthy': { status: 500, title: 'A service did not become healthy' },
  'snapshot-incompatible': { status: 422, title: 'The snapshot does not fit the stack' },
  'migration-failed': { status: 422, title: 'The migrations failed' },
  'backup-failed': { status: 500, title: 'No backup could be taken' },
  'backup-damaged': { status: 500, title: 'The backup does not hold what the database held' },
  'smoke-failed': { status: 500, title: 'The application does not answer as it should' },
  'engine-failed': { status: 502, title: 'The Docker engine refused or failed' },
  'no-ingress': { status: 404, title: 'No route leads there' },
  'service-unreachable': { status: 502, title: 'The service behind this route does not answer' },
  cancelled: { status: 409, title: 'The operation was cancelled' },
  'timed-out': { status: 504, title: 'It took longer than allowed' },
  'database-away': { status: 503, title: 'greenroom’s own database does not answer' },
  internal: { status: 500, title: 'greenroom failed' },
} as const;

export type ProblemCode = keyof typeof problemTable;

/** One mistake among several: where it is (JSON pointer, file:line, table.column, service), what it is, what to do. */
export interface Mistake {
  where: string;
  what: string;
  remedy?: string;
}

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  where?: string;
  remedy?: string;
  errors?: Mistake[];
}

/** An error that tells a person what was tried on what, what happened and what to do. Never carries a secret. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly where: string | undefined;
  readonly remedy: string | undefined;
  readonly errors: Mistake[] | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { where?: string; remedy?: string; errors?: Mistake[]; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'Problem';
    this.code = code;
    this.where = more.where;
    this.remedy = more.remedy;
    this.errors = more.errors;
  }

  get status(): number {
    return problemTable[this.code].status;
  }

  toDocument(): ProblemDocument {
    return {
      type: `urn:greenroom:problem:${this.code}`,
      title: problemTable[this.code].title,
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.where === undefined ? {} : { where: this.where }),
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}

/** What happened, in one line, of anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
