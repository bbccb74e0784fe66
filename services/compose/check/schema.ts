import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Findings } from '../findings.ts';
import type { TreeMap } from '../tree.ts';
import { createExplain, type Schema } from './explain.ts';

/** The Compose Specification's own JSON schema, as the package `dclint` ships it. */
export function readComposeSchema(): Schema {
  const folder = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const schema = JSON.parse(readFileSync(join(folder, 'schemas', 'compose.schema.json'), 'utf8')) as Schema;
  delete schema.$schema; // names a draft by an address that ajv does not know
  return schema;
}

interface Checker {
  validate: ValidateFunction;
  explain: ReturnType<typeof createExplain>;
}

let compose: Checker | undefined;

/** Checks a merged document against the Compose schema; every mistake is put in words. */
export function checkSchema(document: TreeMap, findings: Findings): void {
  compose ??= createChecker(readComposeSchema());
  check(compose, document, '', findings);
}

/** A schema made ready once: `coerce` accepts `"3000"` for a number, for values that were interpolated. */
export function createChecker(schema: Schema, coerce = false): Checker {
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, coerceTypes: coerce, useDefaults: coerce });
  return { validate: ajv.compile(schema), explain: createExplain(ajv, schema) };
}

/** Validates and adds what is wrong; true when nothing is. */
export function check(checker: Checker, document: unknown, at: string, findings: Findings): boolean {
  if (checker.validate(document)) return true;
  for (const mistake of checker.explain(checker.validate.errors ?? [], at))
    findings.mistake(mistake.where, mistake.what, mistake.remedy);
  return false;
}
