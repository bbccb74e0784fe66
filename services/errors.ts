/**
 * One table of what can go wrong: code → HTTP status, title, and what to do where nothing nearer is known. A `Problem` is
 * turned into RFC 9457 problem+json in one place (api/problem.ts); operations store the same document as their `error`.
 */
export const problemTable = {
  'invalid-request': {
    status: 400,
    title: 'The request does not match the contract',
    remedy: 'GET /openapi.json says what is expected.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid token is needed',
    remedy: 'Send a valid token: Authorization: Bearer gr_…',
  },
  forbidden: {
    status: 403,
    title: 'The token lacks the scope this needs',
    remedy: 'Use a token with that scope; an admin makes one by POST /v1/tokens.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    remedy: 'Check the name or id; GET on the collection above it lists what there is.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'That method is not for this',
    remedy: 'GET /openapi.json lists which methods each path takes.',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    remedy: 'Leave out of the bundle what its Compose files do not use.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of a type that is not taken',
    remedy: 'GET /openapi.json says of what type the body of each request is.',
  },
  conflict: {
    status: 409,
    title: 'The request conflicts with the present state',
    remedy: 'Look at the present state of what is named, then ask for what fits it.',
  },
  'compose-invalid': {
    status: 422,
    title: 'The Compose file cannot be used',
    remedy: 'Correct the places that are named in the Compose file or the release.',
  },
  'policy-invalid': {
    status: 422,
    title: 'The masking policy cannot be used',
    remedy: 'Correct what is named, then send the policy again.',
  },
  'policy-incomplete': {
    status: 422,
    title: 'The masking policy does not classify every column',
    remedy:
      'Say of everything that is named what it is masked with, or why it is kept. POST …/policy/suggestion proposes a rule for each column.',
  },
  'schema-changed': {
    status: 422,
    title: 'The source’s schema has changed since its masking policy was set',
    remedy:
      'Say in the policy what happens to what is named, then set the policy again: that acknowledges the schema as it is then.',
  },
  'source-unreachable': {
    status: 502,
    title: 'The source cannot be reached',
    remedy: 'Check host and port, that the server runs, and that greenroom’s host may connect to it.',
  },
  'source-refused': {
    status: 502,
    title: 'The source refused what was asked of it',
    remedy: 'Check the login and what it may read.',
  },
  'dump-invalid': {
    status: 422,
    title: 'The dump cannot be used',
    remedy: 'Make it with pg_dump --format=custom, then send it again.',
  },
  'capture-failed': {
    status: 500,
    title: 'The snapshot could not be captured',
    remedy: 'Nothing of it is left; mend the reason, then capture again.',
  },
  'audit-failed': {
    status: 500,
    title: 'The audit found what may not be in a snapshot',
    remedy: 'Nothing of it is left; mask what is named, then capture again.',
  },
  'image-unavailable': {
    status: 422,
    title: 'An image cannot be had',
    remedy: 'Check the name and tag, and that the host can reach the registry.',
  },
  'service-unhealthy': {
    status: 500,
    title: 'A service did not become healthy',
    remedy: 'Look at the operation’s log: it holds the service’s last lines.',
  },
  'snapshot-incompatible': {
    status: 422,
    title: 'The snapshot does not fit the stack',
    remedy: 'Use the image that the snapshot was captured with, or capture a new one.',
  },
  'migration-failed': {
    status: 422,
    title: 'The migrations failed',
    remedy: 'Rehearse the release: the report names migration and statement.',
  },
  'rehearsal-failed': {
    status: 409,
    title: 'The migrations failed when they were rehearsed',
    remedy: 'Mend the migration that the rehearsal’s report names, and rehearse again.',
  },
  'backup-failed': {
    status: 500,
    title: 'No backup could be taken',
    remedy: 'Nothing was changed; mend the reason, then ask again.',
  },
  'backup-damaged': {
    status: 500,
    title: 'The backup does not hold what the database held',
    remedy: 'It cannot be relied on: take a new one.',
  },
  'smoke-failed': {
    status: 500,
    title: 'The application does not answer as it should',
    remedy: 'Look at the log of its services.',
  },
  'engine-failed': {
    status: 502,
    title: 'The Docker engine refused or failed',
    remedy: 'Check that the Docker engine runs and has disk space, then ask again.',
  },
  'no-ingress': {
    status: 404,
    title: 'No route leads there',
    remedy: 'GET /v1/stacks lists the stacks and their addresses.',
  },
  'service-unreachable': {
    status: 502,
    title: 'The service behind this route does not answer',
    remedy: 'Look at the stack: GET /v1/stacks/NAME shows the state of its services.',
  },
  cancelled: {
    status: 409,
    title: 'The operation was cancelled',
    remedy: 'Ask again for what is still wanted.',
  },
  'timed-out': {
    status: 504,
    title: 'It took longer than allowed',
    remedy: 'Ask again with more time, or look at what it waited for.',
  },
  'database-away': {
    status: 503,
    title: 'greenroom’s own database does not answer',
    remedy: 'It is tried again by itself; check that greenroom’s database runs and has disk space.',
  },
  internal: {
    status: 500,
    title: 'greenroom failed',
    remedy: 'greenroom’s log holds the reason under the request’s or operation’s id.',
  },
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
      detail: listing.has(this.code) ? withFirst(this.message, this.errors) : this.message,
      ...(this.where === undefined ? {} : { where: this.where }),
      remedy: this.remedy ?? problemTable[this.code].remedy,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}

/** What these are about is in `errors`. A log's line has no list beside it: their detail names the first, and how many more. */
const listing: ReadonlySet<ProblemCode> = new Set([
  'policy-invalid',
  'policy-incomplete',
  'schema-changed',
  'audit-failed',
  'source-refused',
]);

function withFirst(detail: string, errors: readonly Mistake[] = []): string {
  const [first] = errors;
  if (!first || detail.includes(first.what)) return detail;
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : '';
  return `${detail} (${first.where}: ${first.what}${more})`;
}

/** What happened, in one line, of anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
