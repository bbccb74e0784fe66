import { Problem } from '../../errors.ts';

export const makeCustom = 'Make it with pg_dump --format=custom, then send it again.';
export const makeAgain = 'Make the dump again, or copy it again and compare its checksum.';
export const captureInstead =
  'Make it with pg_dump of the one database, of the schemas that are needed (--schema); or capture from the server itself.';

/** What is no dump, or none that greenroom takes. @param where is a file, a line or an object of it; never a value */
export function dumpInvalid(what: string, remedy = makeCustom, where?: string): Problem {
  return new Problem('dump-invalid', `The dump cannot be used: ${what}`, {
    remedy,
    ...(where === undefined ? {} : { where }),
  });
}

/** What was a dump once: cut off, or with bits flipped. */
export function dumpDamaged(what: string, where?: string): Problem {
  return new Problem('dump-invalid', `The dump is damaged: ${what}`, {
    remedy: makeAgain,
    ...(where === undefined ? {} : { where }),
  });
}
