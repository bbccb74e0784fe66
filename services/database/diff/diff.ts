import type { Schema, SchemaObject } from '../schema.ts';
import { alter, typeAction } from './alter.ts';
import { cannot, create } from './create.ts';
import { drop } from './drop.ts';
import { inOrder, needsOf } from './order.ts';
import { remade } from './remade.ts';

/**
 * What makes the one schema of the other, in SQL, each statement by itself: what goes, then what changes and comes, each
 * after what it needs. A rename cannot be seen in two schemas: it is one that goes and one that comes. What there is no
 * statement for is a comment. Empty for equal schemas.
 */
export function schemaDiff(before: Schema, after: Schema): string {
  const { dropped, undefaulted, replaced } = remade(before, after);
  const statements: string[] = [];
  const replacedName = (name: string) => name.replace(/"?$/, (quote) => `_replaced${quote}`);

  for (const key of inOrder(before).reverse()) {
    const object = before.get(key)!;
    if (dropped.has(key)) {
      if (!goesAlong(object, before, after, dropped)) statements.push(drop(object));
    } else if (undefaulted.has(key))
      statements.push(`ALTER TABLE ${object.parts.of} ALTER COLUMN ${object.parts.column} DROP DEFAULT`);
  }
  for (const key of replaced) {
    const { name } = before.get(key)!;
    const alone = replacedName(name).split('.').slice(1).join('.');
    statements.push(`ALTER TYPE ${name} RENAME TO ${alone}`, ...create(after.get(key)!, after));
    for (const column of after.values()) {
      const was = before.get(`column ${column.name}`);
      if (
        column.kind !== 'column' ||
        !column.needs.includes(key) ||
        !was?.needs.includes(key) ||
        !after.has(`column ${was.name}`)
      )
        continue;
      const { of, column: name } = column.parts;
      if (!comesAlong(column, before, after))
        statements.push(`ALTER TABLE ${of} ALTER COLUMN ${name} ${typeAction(was, column, true)}`);
    }
    const domains = [...after.values()].filter(({ kind, needs }) => kind === 'domain' && needs.includes(key));
    statements.push(...domains.map((domain) => cannot(domain, 'a domain over an enum that has lost a value')));
    statements.push(`DROP TYPE ${replacedName(name)}`);
  }

  const made = (key: string) => !before.has(key) || dropped.has(key);
  for (const key of inOrder(after)) {
    const object = after.get(key)!;
    const was = before.get(key);
    if (replaced.has(key)) continue;
    if (made(key)) {
      const withTable = object.kind === 'column' && made(`table ${object.parts.of}`);
      if (!withTable && !comesAlong(object, before, after)) statements.push(...create(object, after));
    } else if (was && was.definition !== object.definition && !comesAlong(object, before, after, was))
      statements.push(...alter(undefaulted.has(key) ? withoutDefault(was) : was, object)!);
    else if (undefaulted.has(key))
      statements.push(
        `ALTER TABLE ${object.parts.of} ALTER COLUMN ${object.parts.column} SET DEFAULT ${object.parts.default}`,
      );
  }
  for (const [key, { kind, name, parts }] of after) {
    const was = before.get(key);
    if (kind === 'sequence' && (made(key) ? parts.owner : was!.parts.owner !== parts.owner))
      statements.push(`ALTER SEQUENCE ${name} OWNED BY ${parts.owner ?? 'NONE'}`);
    // A partition that is attached brings its index along.
    if (kind === 'index' && parts.parent && (made(key) || !was!.parts.parent) && !made(`partition ${parts.of}`))
      statements.push(`ALTER INDEX ${parts.parent} ATTACH PARTITION ${name}`);
  }
  if (statements.some((statement) => /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)/.test(statement)))
    statements.unshift('SET check_function_bodies = off');
  return statements.map((statement) => (statement.startsWith('--') ? statement : `${statement};`)).join('\n');
}

/** Whether it goes with what it is part of. */
function goesAlong(object: SchemaObject, before: Schema, after: Schema, dropped: ReadonlySet<string>): boolean {
  const { kind, parts } = object;
  if (kind === 'index' && dropped.has(`index ${parts.parent}`)) return true;
  if (comesAlong(object, before, after)) return true;
  const owner = ['table', 'view', 'materialized view', 'domain']
    .map((one) => `${one} ${parts.of}`)
    .find((key) => before.has(key));
  if (!owner || !dropped.has(owner)) return false;
  // A table that is referred to does not go while the key is there.
  const others = needsOf(before, object).filter((need) => need !== owner && before.get(need)!.parts.of !== parts.of);
  return (
    parts.type !== 'f' ||
    !others.some((need) => dropped.has(need) || dropped.has(`table ${before.get(need)!.parts.of}`))
  );
}

/** A partition's or an heir's column or constraint follows its parent's, as long as it is one. */
function comesAlong({ kind, parts }: SchemaObject, before: Schema, after: Schema, was?: SchemaObject): boolean {
  if (!parts.inherited) return false;
  const stays = [...after].some(
    ([key, edge]) => /^(partition|inheritance)$/.test(edge.kind) && edge.parts.of === parts.of && before.has(key),
  );
  if (!stays || !was) return stays;
  // Its default and NOT NULL are its own.
  return kind !== 'column' || was.parts.type !== parts.type;
}

function withoutDefault(column: SchemaObject): SchemaObject {
  return { ...column, parts: { ...column.parts, default: null } };
}
