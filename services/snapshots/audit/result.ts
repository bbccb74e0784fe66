import type { components } from '../../../openapi/types.ts';
import { catalogQuery } from '../../sources/catalog.ts';
import { connectTarget, type Target } from '../capture/target.ts';
import type { Audit } from './audit.ts';
import { type Constraints, checkIntegrity, readConstraints } from './integrity.ts';
import { matchesOf } from './matches.ts';
import { mergeNumbersSeen, type NumbersSeen } from './numbers-seen.ts';
import { createPhrases } from './phrases.ts';
import { largeObjects, type ResultPlace, readResult } from './relations.ts';
import { createSearch } from './search.ts';
import { type SearchThread, searchRelations } from './threads.ts';
import { judge } from './verdict.ts';

export type AuditReport = components['schemas']['AuditReport'];

/**
 * Searches a whole result, while its server still runs, for originals of masked columns.
 *
 * @param expected what the source has in the exported snapshot: rows by table, constraints
 * @param later what the catalog will say once it has passed, by place
 * @throws Problem `audit-failed` with every leak and where it is, never with a value; or the signal's reason
 */
export async function auditResult(
  audit: Audit,
  at: { target: Target; database: string; major: number; threads: readonly SearchThread[]; signal: AbortSignal },
  expected: { rows: ReadonlyMap<string, number>; constraints: Constraints },
  later: Record<string, readonly string[]> = {},
): Promise<AuditReport> {
  const startedAt = performance.now();
  const client = await connectTarget(at.target, at.database);
  try {
    const { tasks, places, countedFor } = await readResult(client, at.major);
    const columns = places.length;
    tasks.push(largeObjects(places));
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
    const numbers: (NumbersSeen | undefined)[] = [];
    const searchCatalog = async () => {
      const texts = await catalogQuery<CatalogText>(client, 'audit-texts');
      const names = await catalogQuery<CatalogText>(client, 'audit-names');
      const all = [
        ...[...texts, ...names],
        ...Object.entries(later).flatMap(([place, said]) => said.map((text) => ({ place, text }))),
      ];
      const words = searchTexts(audit, all, places, numbers);
      coverage.texts = all.length;
      coverage.words += words;
      return readConstraints(client);
    };
    // Beside each other: neither the catalog nor this thread would keep more than one core at work.
    const [constraintsThere] = await Promise.all([
      searchCatalog(),
      searchRelations(at.threads, audit.setup, tasks, at.signal, {
        candidates: audit.candidates.add,
        done: (task, counts) => {
          rows.set(task.relation, (rows.get(task.relation) ?? 0) + counts.rows);
          coverage.rows += counts.rows;
          coverage.bytes += counts.bytes;
          for (const [index, { place }] of task.columns.entries()) {
            coverage.words += counts.words[index]!;
            addNumbers(numbers, place, counts.numbers[index]);
            coverage.values += counts.values[index]!;
          }
        },
      }),
    ]);
    const constraints = checkIntegrity(expected.constraints, constraintsThere, {
      ...{ expected: expected.rows, found: rows, countedFor },
    });
    const { isOften } = createPhrases(audit.setup.phrases);
    const matches = await matchesOf(audit.candidates, audit.originals, isOften, at.signal);
    const { units, counts, copied, locale } = audit;
    const judged = judge({ units, counts, matches, places, numbers, isOften, copied, locale });
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

interface CatalogText {
  place: string;
  /** One, or several apart by `apart`. */
  text: string;
}

const apart = '\u001f';

/** Adds where each text stands as a place: many may stand in one. @returns how many words they have */
function searchTexts(
  audit: Audit,
  texts: readonly CatalogText[],
  places: ResultPlace[],
  numbers: (NumbersSeen | undefined)[],
): number {
  const search = createSearch(audit.setup, audit.candidates.add);
  const added = new Map<string, number>();
  let words = 0;
  for (const { place: name, text } of texts) {
    const place = added.get(name) ?? places.push({ name }) - 1;
    added.set(name, place);
    for (const one of text.split(apart)) {
      const bytes = Buffer.from(one);
      words += search.value(bytes, 0, bytes.length, place);
    }
  }
  audit.candidates.add(search.candidates.take());
  for (const [place, seen] of search.takeNumbers().entries()) addNumbers(numbers, place, seen);
  return words;
}

function addNumbers(numbers: (NumbersSeen | undefined)[], place: number, seen: NumbersSeen | undefined): void {
  const sum = numbers[place];
  if (!seen) return;
  if (sum) mergeNumbersSeen(sum, seen);
  else numbers[place] = seen;
}
