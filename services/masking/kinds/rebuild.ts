import type { Kind } from '../kind.ts';

/**
 * A tsvector that a trigger of the application fills from other columns: its lexemes are the originals' words, so it is not
 * copied; Postgres computes it from the masked columns as the rows come in. Rows that had none get none.
 */
export const rebuild: Kind = {
  summary: 'Computed from the masked `columns`, with the text search configuration `config` (simple)',
  holds: ['tsvector'],
  options: {
    columns: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
    },
    config: { type: 'string', minLength: 1 },
  },
  required: ['columns'],
  unique: 'never',
  whole: true,
  columnsOnly: true,
  // What the trigger finds instead of a value.
  fixed: () => '',
  create: () => () => {},
};
