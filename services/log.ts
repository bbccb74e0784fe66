import { type DestinationStream, type Logger, pino } from 'pino';
import { Problem } from './errors.ts';
import { withoutValues } from './sources/errors.ts';

/** greenroom's log, a line of JSON an entry. Errors are logged without the values of rows. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino({ level, serializers: { err: errorOf } }, destination as DestinationStream);
}

/**
 * What is logged of an error, and of those that caused it. pino would log every property of it: a server's has the row that
 * a constraint refused in its detail, and the value that could not be read in its context.
 */
export function errorOf(error: unknown): object {
  if (!(error instanceof Error)) return { message: withoutValues(error) };
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return {
    type: error.name,
    message: withoutValues(error),
    ...(code === undefined ? {} : { code }),
    ...(statusCode === undefined ? {} : { statusCode }),
    ...(error instanceof Problem ? { where: error.where, errors: error.errors } : {}),
    ...(error instanceof AggregateError ? { aggregateErrors: error.errors.map(errorOf) } : {}),
    stack: framesOf(error),
    ...(error.cause === undefined ? {} : { cause: errorOf(error.cause) }),
  };
}

/** Where it was thrown, without the message, which the stack begins with. */
function framesOf({ stack = '', message }: Error): string {
  const after = stack.indexOf(message) + message.length;
  return stack
    .slice(after)
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n');
}
