import type pg from 'pg';
import { catalogQuery } from '../../sources/catalog.ts';

/** What ANALYZE says of a column; NULL where it says nothing. */
export interface ColumnStatistics {
  name: string;
  null_fraction: number | null;
  /** Negative: a fraction of the rows; 0: not known. (pg_stats) */
  distinct_values: number | null;
  /** Of a string type, or a domain over one. */
  is_text: boolean;
  /** By itself, and never NULL. */
  unique: boolean;
}

/** Of every column of a table of the result. */
export function statisticsOf(
  client: pg.Client,
  { schema, name }: { schema: string; name: string },
): Promise<ColumnStatistics[]> {
  return catalogQuery<ColumnStatistics>(client, 'column-statistics', [schema, name]);
}
