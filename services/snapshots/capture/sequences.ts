import type pg from 'pg';
import type { MaskingReport } from '../../../openapi/aliases.ts';
import { tableName } from '../../masking/catalog.ts';
import { shiftSequence } from '../../masking/keyed/sequence.ts';
import type { PlannedTable } from '../../masking/plan/plan.ts';
import type { Policy } from '../../masking/policy/policy.ts';
import { isKeep } from '../../masking/policy/rule.ts';
import { identifier } from '../../quoting.ts';
import type { SourceCatalog, SourceSequence } from '../../sources/catalog.ts';
import { keptAs } from '../report/column.ts';

/** What became of a sequence: where it goes on counts nothing any more, or is the source's. */
export type SequenceReport = NonNullable<MaskingReport['sequences']>[number];

const atItsEnd = 'it is at its end: there is nowhere to shift it to';

/**
 * Sets every sequence ahead of where the source's is, or there where the policy keeps it. A sequence belongs to no
 * transaction: read when all rows are, it is past every number in them.
 */
export async function copySequences(
  source: pg.Client,
  target: pg.Client,
  sequences: SourceSequence[],
  { key, policy }: { key: Uint8Array; policy: Policy },
): Promise<SequenceReport[]> {
  const reports: SequenceReport[] = [];
  for (const sequence of sequences) {
    const name = tableName(sequence);
    const quoted = qualified(sequence);
    const { rows } = await source.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${quoted}`,
    );
    const { last_value: last, is_called: isCalled } = rows[0]!;
    const keep = policy.sequences?.[name];
    const { start, increment, min, max } = sequence;
    const place = { name, last, start, increment, min, max };
    const next = keep === undefined ? shiftSequence(key, bigints(place)) : BigInt(last);
    const stays = next === BigInt(last);
    // That one was never used says something, too.
    await target.query('SELECT pg_catalog.setval($1::regclass, $2, $3)', [
      quoted,
      String(next),
      stays ? isCalled : true,
    ]);
    reports.push(
      stays
        ? { name, treatment: 'kept', ...(keep ? keptAs(keep, policy.owner) : { reason: atItsEnd }) }
        : { name, treatment: 'shifted' },
    );
  }
  return reports;
}

/**
 * Sets those that give values to masked columns of integers behind the furthest key there, in steps of their own: masked
 * keys are spread over all numbers of as many digits. Once indexes are built, which know it.
 */
export async function passMaskedKeys(
  target: pg.Client,
  sequences: readonly SourceSequence[],
  { policy, tables, catalog }: { policy: Policy; tables: readonly PlannedTable[]; catalog: SourceCatalog },
): Promise<void> {
  const byName = new Map(catalog.tables.map((table) => [tableName(table), table]));
  // Partitions have the rules of their partitioned table, which is not copied itself.
  const planned = new Map(
    tables.map((table) => [byName.get(tableName(table))?.partitionOf ?? tableName(table), table]),
  );
  const isMaskedInteger = ({ table, column }: SourceSequence['columns'][number]) => {
    const found = planned.get(table)?.columns.find(({ name }) => name === column);
    if (!found || isKeep(found.rule)) return false;
    return found.place.family === 'integer' && !found.place.isRange && !found.isArray;
  };
  for (const sequence of sequences) {
    if (policy.sequences?.[tableName(sequence)]) continue;
    for (const { table, column } of sequence.columns.filter(isMaskedInteger))
      await passKeys(target, sequence, `SELECT ${identifier(column)} AS key FROM ${qualified(byName.get(table)!)}`);
  }
}

/** Nothing, where there is no room left behind them. @param keys a query for them */
async function passKeys(target: pg.Client, sequence: SourceSequence, keys: string): Promise<void> {
  const step = BigInt(sequence.increment);
  const quoted = qualified(sequence);
  const { rows } = await target.query<{ furthest: string | null; last: string }>(
    `SELECT (SELECT ${step > 0n ? 'max' : 'min'}(key)::text FROM (${keys}) keys) AS furthest, last_value::text AS last FROM ${quoted}`,
  );
  const last = BigInt(rows[0]!.last);
  const direction = step > 0n ? 1n : -1n;
  const ahead = (BigInt(rows[0]!.furthest ?? last) - last) * direction;
  if (ahead < 0n) return;
  const stride = step * direction;
  const next = last + ((ahead + stride - 1n) / stride) * step;
  const hasRoom = step > 0n ? next + step <= BigInt(sequence.max) : next + step >= BigInt(sequence.min);
  if (hasRoom) await target.query('SELECT pg_catalog.setval($1::regclass, $2)', [quoted, String(next)]);
}

function qualified({ schema, name }: { schema: string; name: string }): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

function bigints(place: Record<'name' | 'last' | 'start' | 'increment' | 'min' | 'max', string>) {
  const { name, last, start, increment, min, max } = place;
  return {
    ...{ name, last: BigInt(last), start: BigInt(start), increment: BigInt(increment) },
    ...{ min: BigInt(min), max: BigInt(max) },
  };
}
