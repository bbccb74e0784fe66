import type { CatalogColumn } from '../catalog.ts';
import type { Detector } from './detect/detector.ts';
import { createDocuments, type DocumentsEvidence } from './documents.ts';
import { createCollector, type Evidence } from './evidence.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What was seen of one column. */
export interface ColumnSample {
  evidence: Evidence;
  /** Of columns of json, and of text that holds documents. */
  documents?: DocumentsEvidence;
}

export interface ColumnSampler {
  /** A value as text, an array as JSON. */
  add(value: string | null): void;
  sample(): ColumnSample;
}

/** Looks into the values of one column and forgets them. */
export function createColumnSampler(
  vocabulary: Vocabulary,
  column: Pick<CatalogColumn, 'baseType' | 'isArray'>,
): ColumnSampler {
  const collector = createCollector(vocabulary);
  const documents = createDocuments(vocabulary);
  const isJson = column.baseType === 'json' || column.baseType === 'jsonb';
  const addOne = (value: string) => {
    if (isJson || /^\s*[[{]/.test(value)) documents.add(value);
    if (!isJson) collector.add(value);
  };
  return {
    add(value) {
      if (value === null) return;
      if (!column.isArray) return addOne(value);
      for (const element of elementsOf(value)) addOne(typeof element === 'string' ? element : JSON.stringify(element));
    },
    sample: () => {
      const evidence = documents.evidence();
      return { evidence: collector.evidence(), ...(evidence.documents > 0 ? { documents: evidence } : {}) };
    },
  };
}

/** The elements of an array of any number of dimensions, without NULL. A cut-off array has none. */
function elementsOf(array: string): unknown[] {
  try {
    return [JSON.parse(array)].flat(6).filter((element) => element !== null);
  } catch {
    return [];
  }
}

/** Nothing was looked at. */
export const unseen: ColumnSample = {
  evidence: {
    ...{ values: 0, looked: 0, wordy: 0, digits: 0, documents: 0, shortest: 0, longest: 0, wordsOnly: true },
    whole: new Map<Detector, number>(),
    within: new Map<Detector, number>(),
    dates: { count: 0, ofPeople: 0, firstYear: 0, lastYear: 0 },
  },
};
