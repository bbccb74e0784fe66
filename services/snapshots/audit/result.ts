import type { components } from '../../../openapi/types.ts';
import { catalogQuery } from '../../sources/catalog.ts';
import { connectTarget, type Target } from '../capture/target.ts';
import type { Audit } from './audit.ts';
import { type Constraints, checkIntegrity, readConstraints } from './integrity.ts';
import { matchesOf } from './matches.ts';
import { createPhrases } from './phrases.ts';
import { largeObjects, type ResultPlace, readResult } from './relations.ts';
import { createSearch } from './search.ts';
import { searchRelations } from './threads.ts';
import { judge } from './verdict.ts';

export type AuditReport = components['schemas']['AuditReport'];

/**
 * Searches a whole result, while its server still runs, for originals of masked columns.
 *
 * @param expected what the source has in the exported snapshot: rows by table, constraints
 * @throws Problem `audit-failed` with every leak and where it is, never with a value; or the signal's reason
 */
export async function auditResult(
  audit: Audit,
  at: { target: Target; database: string; major: number; threads: number; signal: AbortSignal },
  expected: { rows: ReadonlyMap<string, number>; constraints: Constraints },
): Promise<AuditReport> {
  const startedAt = performance.now();
  const client = await connectTarget(at.target, at.database);
  try {
    const { tasks, places, countedFor } = await readResult(client, at.major);
    const columns = places.length;
    tasks.push(largeObjects(places));
    const texts = await catalogQuery<{ place: string; text: string | null }>(client, 'audit-texts');

    const coverage = {
      relations: new Set(tasks.map(({ relation }) => relation)).size - 1,
      columns,
      rows: 0,
      values: 0,
      words: 0,
      bytes: 0,
      texts: 0,
    };
    const rows = new Map<string, number>();
    const words = new Float64Array(places.length + texts.length);
    const { spec, password } = at.target;
    await searchRelations(
      { setup: audit.setup, target: { spec, password }, database: at.database },
      tasks,
      at.threads,
      at.signal,
      {
        candidates: audit.candidates.add,
        done: (task, counts) => {
          rows.set(task.relation, (rows.get(task.relation) ?? 0) + counts.rows);
          coverage.rows += counts.rows;
          coverage.bytes += counts.bytes;
          for (const [index, { place }] of task.columns.entries()) {
            words[place]! += counts.words[index]!;
            coverage.values += counts.values[index]!;
          }
        },
      },
    );
    coverage.texts = searchTexts(audit, texts, places, words);
    coverage.words = words.reduce((sum, count) => sum + count, 0);
    const constraints = checkIntegrity(expected.constraints, await readConstraints(client), {
      ...{ expected: expected.rows, found: rows, countedFor },
    });
    const { isOften } = createPhrases(audit.setup.phrases);
    const matches = await matchesOf(audit.candidates, audit.originals, isOften, at.signal);
    const judged = judge({ units: audit.units, counts: audit.counts, matches, places, words, isOften });
    return {
      hits: 0,
      coverage,
      originals: { kept: audit.originals.count, spilledBytes: audit.originals.spilledBytes },
      columns: judged,
      constraints,
      durationMs: { collect: Math.round(audit.collectMs), search: Math.round(performance.now() - startedAt) },
    };
  } finally {
    await client.end().catch(() => {});
  }
}

/** Adds each text as a place. */
function searchTexts(
  audit: Audit,
  texts: readonly { place: string; text: string | null }[],
  places: ResultPlace[],
  words: Float64Array,
): number {
  const search = createSearch(audit.setup, audit.candidates.add);
  let count = 0;
  for (const { place, text } of texts) {
    if (text === null) continue;
    count++;
    places.push({ name: place });
    const bytes = Buffer.from(text);
    words[places.length - 1] = search.value(bytes, 0, bytes.length, places.length - 1);
  }
  audit.candidates.add(search.candidates.take());
  return count;
}
