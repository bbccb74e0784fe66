import type { SchemaObject } from '../schema.ts';
import { rowSecurity } from './create.ts';

/** The statement that takes an object away. */
export function drop({ kind, name, parts }: SchemaObject): string {
  switch (kind) {
    case 'column':
      return `ALTER TABLE ${parts.of} DROP COLUMN ${parts.column}`;
    case 'constraint':
      return `ALTER TABLE ${parts.of} DROP CONSTRAINT ${parts.constraint}`;
    case 'domain constraint':
      return `ALTER DOMAIN ${parts.of} DROP CONSTRAINT ${parts.constraint}`;
    case 'sequence':
      // It may have gone with the column that it belonged to.
      return `DROP SEQUENCE IF EXISTS ${name}`;
    case 'function':
      return `DROP ROUTINE ${name}`;
    case 'table':
      return `DROP ${parts.foreign ? 'FOREIGN ' : ''}TABLE ${name}`;
    case 'trigger':
    case 'policy':
    case 'rule':
      return `DROP ${kind.toUpperCase()} ${parts[kind]} ON ${parts.of}`;
    case 'row security':
      return rowSecurity(parts.of, {})[0]!;
    case 'replica identity':
      return `ALTER TABLE ${parts.of} REPLICA IDENTITY DEFAULT`;
    case 'partition':
      return `ALTER TABLE ${parts.parent} DETACH PARTITION ${parts.of}`;
    case 'inheritance':
      return `ALTER TABLE ${parts.of} NO INHERIT ${parts.parent}`;
    default:
      return `DROP ${kind.toUpperCase()} ${name}`;
  }
}
