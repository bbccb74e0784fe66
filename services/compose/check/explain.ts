import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import type { Mistake } from '../../errors.ts';
import { kindOf, type Tree } from '../tree.ts';
import { nearest } from './nearest.ts';

export type Schema = { [key: string]: unknown };

/**
 * Puts ajv's errors in words. Where a value may have several forms (`oneOf`), ajv reports each form's complaint about
 * it; here only the form that the value has is looked at, or, when it has none of them, the forms are named.
 * Values are never quoted except those of closed lists: they may be secrets.
 */
export function createExplain(ajv: Ajv, root: Schema) {
  const compiled = new Map<Schema, ValidateFunction>();
  const definitions = root.definitions as Record<string, Schema> | undefined;

  function follow(schema: Schema): Schema {
    const name = typeof schema.$ref === 'string' ? schema.$ref.replace('#/definitions/', '') : undefined;
    return name === undefined ? schema : follow(definitions?.[name] ?? {});
  }

  function compile(schema: Schema): ValidateFunction {
    let validate = compiled.get(schema);
    if (!validate) {
      validate = ajv.compile({ ...schema, definitions });
      compiled.set(schema, validate);
    }
    return validate;
  }

  /** The kinds of value that a schema accepts: `a string`, `a list`… */
  function kinds(schema: Schema): string[] {
    const { type, oneOf } = follow(schema);
    if (Array.isArray(oneOf)) return oneOf.flatMap((one: Schema) => kinds(one));
    const types: unknown[] = Array.isArray(type) ? type : [type];
    return [...new Set(types.map((one) => words[String(one)] ?? String(one)))];
  }

  function explainChoice(error: ErrorObject, at: string): Mistake[] {
    const branches = error.schema as Schema[];
    const kind = kindOf(error.data as Tree);
    const fitting = branches.find((branch) =>
      kinds(branch).some((one) => one === kind || (one === 'a whole number' && kind === 'a number')),
    );
    const where = pathOf(at, error.instancePath);
    if (!fitting) return [{ where, what: `must be ${anyOf([...new Set(branches.flatMap(kinds))])}, but is ${kind}` }];
    const validate = compile(fitting);
    if (validate(error.data)) return [{ where, what: 'fits several of the forms it may have' }];
    return explain(validate.errors ?? [], where);
  }

  function explain(errors: readonly ErrorObject[], at = ''): Mistake[] {
    // Of several choices about one value the outer one is reported last.
    const choices = new Map(
      errors.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf').map((one) => [one.instancePath, one]),
    );
    const isInside = (path: string): boolean => {
      const above = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
      return path !== '' && (choices.has(above) || isInside(above));
    };
    const outermost = [...choices.values()].filter(({ instancePath }) => !isInside(instancePath));
    const others = errors.filter(({ instancePath }) => !choices.has(instancePath) && !isInside(instancePath));
    return [...others.map((error) => describe(error, at)), ...outermost.flatMap((choice) => explainChoice(choice, at))];
  }

  function describe(error: ErrorObject, at: string): Mistake {
    const where = pathOf(at, error.instancePath) || 'the file';
    const params = error.params as Record<string, unknown>;
    const kind = kindOf(error.data as Tree);
    const { hint } = (error.parentSchema ?? {}) as { hint?: string };
    if (hint !== undefined && error.keyword !== 'type') return { where, what: hint };
    switch (error.keyword) {
      case 'additionalProperties': {
        const key = String(params.additionalProperty);
        const { properties, patternProperties } = (error.parentSchema ?? {}) as Record<string, object | undefined>;
        if (!properties || Object.keys(properties).length === 0) {
          const pattern = Object.keys(patternProperties ?? {})[0];
          return {
            where: join(where, key),
            what: `is not a name that Compose accepts${pattern ? ` (${pattern})` : ''}`,
          };
        }
        const known = Object.keys(properties);
        const meant = nearest(key, known);
        return {
          where: join(where, key),
          what: 'is not a key that Compose knows here',
          remedy: meant ? `did you mean ${meant}?` : `the keys are ${known.sort().join(', ')}`,
        };
      }
      case 'required':
        return { where, what: `needs ${String(params.missingProperty)}` };
      case 'type':
        return { where, what: `must be ${anyOf(kinds(error.parentSchema as Schema))}, but is ${kind}` };
      case 'enum':
        return { where, what: `must be one of ${(params.allowedValues as unknown[]).join(', ')}` };
      case 'pattern':
        return { where, what: `must match ${String(params.pattern)}` };
      case 'minLength':
      case 'minItems':
        return { where, what: 'must not be empty' };
      case 'minimum':
      case 'maximum':
        return { where, what: `must be at ${error.keyword === 'minimum' ? 'least' : 'most'} ${String(params.limit)}` };
      case 'uniqueItems':
        return { where, what: `names the same thing twice (entries ${String(params.j)} and ${String(params.i)})` };
      default:
        return { where, what: error.message ?? 'is not valid' };
    }
  }

  return explain;
}

const words: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'a boolean',
  array: 'a list',
  object: 'a map',
  null: 'empty',
};

function anyOf(list: string[]): string {
  return list.length < 2 ? (list[0] ?? 'something else') : `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`;
}

function join(where: string, key: string): string {
  return where === '' || where === 'the file' ? key : `${where}.${key}`;
}

/** `/services/web/ports/0` as `services.web.ports[0]`. */
function pathOf(at: string, pointer: string): string {
  const parts = pointer.split('/').slice(1);
  return parts.reduce((path, part) => {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    return /^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
  }, at);
}
