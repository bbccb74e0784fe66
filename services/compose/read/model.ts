import type { Findings } from '../findings.ts';
import type { Bundle } from '../plan.ts';
import type { TreeMap } from '../tree.ts';
import { readBundle } from './bundle.ts';
import { applyExtends } from './extends.ts';
import { applyInclude } from './include.ts';
import { interpolate, type Lookup } from './interpolate.ts';
import { applyResets, mergeDocuments } from './merge.ts';
import { type Layer, parseCompose } from './parse.ts';
import { rebase } from './rebase.ts';

/** What is read from, and what its variables are. */
export interface Reading {
  bundle: Bundle;
  findings: Findings;
  /** The project directory, from which relative paths count; a path of the bundle. */
  directory: string;
  lookup: Lookup;
  /** Files that have been parsed. */
  parsed: Map<string, Layer[]>;
}

/** The documents of a file of the bundle; none, and a mistake, where there is no such file. */
export function layersOf(reading: Reading, file: string, where: string): Layer[] {
  reading.findings.load(where, 0);
  const known = reading.parsed.get(file);
  if (known) return known;
  const text = readBundle(reading.bundle, file);
  if (text === undefined) {
    reading.findings.mistake(where, `there is no file ${file} in the bundle`, 'add the file to the bundle');
    return [];
  }
  reading.findings.load(file, text.length);
  const layers = parseCompose(file, text, reading.findings);
  reading.parsed.set(file, layers);
  return layers;
}

/**
 * Reads Compose files into one document, later files over earlier ones: interpolated, with `extends` and `include`
 * resolved and every path rewritten to count from the bundle's root. `chain` is the files that led here by `include`.
 */
export function readModel(reading: Reading, files: string[], chain: string[] = []): TreeMap {
  let model: TreeMap = {};
  for (const file of files) {
    for (const layer of layersOf(reading, file, file)) {
      const text = interpolate(layer.tree, reading.lookup, reading.findings) as TreeMap;
      const tree = applyExtends(reading, { file, tree: rebase(text, reading.directory), resets: layer.resets });
      const whole = applyInclude(reading, tree, [...chain, file]);
      model = mergeDocuments(applyResets(model, layer.resets), whole, reading.findings);
    }
  }
  return model;
}
