import type { Client } from 'pg';
import { tableName } from '../../masking/catalog.ts';
import type { PlannedTable } from '../../masking/plan/plan.ts';
import { isKeep } from '../../masking/policy/rule.ts';
import { identifier } from '../../quoting.ts';
import { catalogQuery } from '../../sources/catalog.ts';
import { type ColumnStatistics, statisticsOf } from '../report/column-statistics.ts';
import { onTarget, type Target } from './target.ts';

/** The kind of mask, by column. */
type Masked = ReadonlyMap<string, string>;

interface ToAnalyze {
  schema: string;
  name: string;
  quoted: string;
  whole: boolean;
}

/** ANALYZE looks at 300 rows for each step of a histogram (std_typanalyze in src/backend/commands/analyze.c). */
const coarseTarget = 10;
const coarseRows = 300 * coarseTarget;
/** Of this many rows, each with one other of its value, a coarse look sees about 15 pairs. */
const seenCoarsely = 300_000;

/**
 * Analyzes every table, in so many sessions: what it costs is comparing sampled text, which one session does on one core,
 * and most of it is text that masks made up. How that lies between other text says nothing of production, so a coarse look
 * does where such values are all different, and no value is common, and for free text, which nothing joins by. Every other
 * column gets statistics as fine as production's.
 *
 * @param fineTarget production's `default_statistics_target`
 * @param rows of each table, by `schema.table`
 */
export async function analyze(
  target: Target,
  database: string,
  sessions: number,
  fineTarget: number,
  tables: readonly PlannedTable[],
  rows: ReadonlyMap<string, number>,
): Promise<void> {
  const waiting = await onTarget(target, database, (client) => catalogQuery<ToAnalyze>(client, 'to-analyze'));
  const maskedOf = new Map(tables.map((table) => [tableName(table), maskedIn(table)]));
  const work = async (client: Client) => {
    await client.query(targetOf(fineTarget));
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const id = tableName(next);
      const masked = maskedOf.get(id);
      const count = rows.get(id) ?? 0;
      const twice = !next.whole && masked?.size && count > coarseRows && fineTarget > coarseTarget;
      await (twice ? analyzeTwice(client, next, masked, count, fineTarget) : client.query(`ANALYZE ${next.quoted}`));
    }
  };
  await Promise.all(Array.from({ length: sessions }, () => onTarget(target, database, work)));
}

/** All columns coarsely first: of a table of which only some were named, a clone's autovacuum would analyze the whole. */
async function analyzeTwice(
  client: Client,
  table: ToAnalyze,
  masked: Masked,
  rows: number,
  fineTarget: number,
): Promise<void> {
  await client.query(`${targetOf(coarseTarget)}; ANALYZE ${table.quoted}; ${targetOf(fineTarget)}`);
  const coarsely = (column: ColumnStatistics) =>
    column.is_text &&
    masked.has(column.name) &&
    (masked.get(column.name) === 'text' || column.unique || (rows <= seenCoarsely && isAllDifferent(column)));
  const finely = (await statisticsOf(client, table)).filter((column) => !coarsely(column));
  if (finely.length === 0) return;
  await client.query(`ANALYZE ${table.quoted} (${finely.map(({ name }) => identifier(name)).join(', ')})`);
}

/** Where no value was twice in the sample, ANALYZE says that there are as many as there are rows that have one. */
function isAllDifferent({ null_fraction: nulls, distinct_values: distinct }: ColumnStatistics): boolean {
  return nulls !== null && distinct !== null && Math.abs(distinct + 1 - nulls) < 1e-6;
}

const targetOf = (target: number) => `SET default_statistics_target = ${target}`;

/** What these give lies between each other as production's values do. */
const orderly = ['shuffle', 'date', 'json'];

function maskedIn({ columns }: PlannedTable): Masked {
  const made = columns.flatMap(({ name, rule }) =>
    isKeep(rule) || orderly.includes(rule.mask) ? [] : [[name, rule.mask] as const],
  );
  return new Map(made);
}
