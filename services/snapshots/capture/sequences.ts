import type pg from 'pg';
import type { MaskingReport } from '../../../openapi/aliases.ts';
import { Problem } from '../../errors.ts';
import { tableName } from '../../masking/catalog.ts';
import { shiftSequence } from '../../masking/keyed/sequence.ts';
import type { Policy } from '../../masking/policy/policy.ts';
import { identifier } from '../../quoting.ts';
import { catalogQuery } from '../../sources/catalog.ts';

export interface SourceSequence {
  schema: string;
  name: string;
  start: string;
  increment: string;
  min: string;
  max: string;
  readable: boolean;
}

/** What became of a sequence: where it goes on counts nothing any more, or is the source's. */
export type SequenceReport = NonNullable<MaskingReport['sequences']>[number];

/** Those of the schemas that are captured. @throws Problem `source-refused`, `policy-invalid`, before anything is copied */
export async function readSequences(
  source: pg.Client,
  policy: Policy,
  isCaptured: (schema: string) => boolean,
): Promise<SourceSequence[]> {
  const sequences = (await catalogQuery<SourceSequence>(source, 'sequences')).filter(({ schema }) =>
    isCaptured(schema),
  );
  const hidden = sequences.filter(({ readable }) => !readable);
  if (hidden.length > 0) {
    throw new Problem('source-refused', 'The login may not read every sequence', {
      where: tableName(hidden[0]!),
      errors: hidden.map((sequence) => ({
        where: tableName(sequence),
        what: 'the login may not SELECT it',
        remedy: 'Grant the login SELECT on it, or pg_read_all_data',
      })),
    });
  }
  const names = new Set(sequences.map(tableName));
  const strangers = Object.keys(policy.sequences ?? {}).filter((name) => !names.has(name));
  if (strangers.length > 0) {
    throw new Problem('policy-invalid', 'The masking policy does not fit the source', {
      errors: strangers.map((name) => ({
        where: name,
        what: 'is no sequence of the source',
        remedy: 'Correct the name (schema.sequence), or remove the entry',
      })),
    });
  }
  return sequences;
}

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
    const quoted = `${identifier(sequence.schema)}.${identifier(sequence.name)}`;
    const { rows } = await source.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${quoted}`,
    );
    const { last_value: last, is_called: isCalled } = rows[0]!;
    const reason = policy.sequences?.[name]?.keep;
    const { start, increment, min, max } = sequence;
    const place = { name, last, start, increment, min, max };
    const next = reason === undefined ? shiftSequence(key, bigints(place)) : BigInt(last);
    const stays = next === BigInt(last);
    // That one was never used says something, too.
    await target.query('SELECT pg_catalog.setval($1::regclass, $2, $3)', [
      quoted,
      String(next),
      stays ? isCalled : true,
    ]);
    reports.push(
      stays
        ? { name, treatment: 'kept', reason: reason ?? 'it is at its end: there is nowhere to shift it to' }
        : { name, treatment: 'shifted' },
    );
  }
  return reports;
}

function bigints(place: Record<'name' | 'last' | 'start' | 'increment' | 'min' | 'max', string>) {
  const { name, last, start, increment, min, max } = place;
  return {
    ...{ name, last: BigInt(last), start: BigInt(start), increment: BigInt(increment) },
    ...{ min: BigInt(min), max: BigInt(max) },
  };
}
