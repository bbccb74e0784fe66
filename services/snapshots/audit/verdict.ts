import type { components } from '../../../openapi/types.ts';
import { type Mistake, Problem } from '../../errors.ts';
import { mostByChance } from './chance.ts';
import type { PartCounts, UnitCounts } from './counts.ts';
import { countDistinct } from './distinct.ts';
import { countOriginals, type Match } from './kept-matches.ts';
import type { Phrases } from './phrases.ts';
import type { ResultPlace } from './relations.ts';
import { type Judgement, judgementOf } from './techniques.ts';
import type { Unit } from './units.ts';

export type AuditedColumn = components['schemas']['AuditedColumn'];

export interface Evidence {
  units: readonly Unit[];
  counts: PartCounts;
  matches: readonly Match[];
  places: readonly ResultPlace[];
  /** Words searched, by place. */
  words: Float64Array;
  isOften: Phrases['isOften'];
}

/** A column of so few different values, each said ten times in the mean, is the application's, not a person's. */
const few = 100;
const repeated = 10;
/** So many runs of neighbouring numbers end in one of them, about. */
const runsPerWord = 8;
const fewDistinct = 'has few different values, each many times';

/**
 * Judges each masked column by what was counted row by row and found in the result.
 *
 * @throws Problem `audit-failed` with every leak: which column's originals, how many, where; never a value
 */
export function judge({ units, counts, matches, places, words, isOften }: Evidence): AuditedColumn[] {
  const made = familiesOf(units, places);
  const shapesMade = units
    .filter(({ technique }) => judgementOf(technique).makes === 'shape')
    .reduce((sum, { id }) => sum + (counts.has(id) ? countDistinct(counts.get(id)!.distinct) : 0), 0);
  const ofUnit = Map.groupBy(matches, ({ unit }) => unit);
  const mistakes: Mistake[] = [];

  const columns = units.flatMap((unit): AuditedColumn[] => {
    const own = counts.get(unit.id);
    const { table, column, technique } = unit;
    const judgement = judgementOf(technique);
    const base = { table, column, technique: unit.within ? `${unit.within}: ${technique}` : technique };
    const name = `${table}.${column}`;
    if (!own) {
      const none = { values: 0, distinctIn: 0, searched: 0, equal: 0, equalByChance: 0, coincidences: 0 };
      return [{ ...base, judged: judgement.perRow ? 'per-row' : 'everywhere', ...none }];
    }
    const distinctIn = Math.min(own.values, countDistinct(own.distinct));
    const isRepeated =
      !judgement.evenIfRepeated && distinctIn <= few && own.values >= Math.max(few, repeated * distinctIn);
    const why = judgement.perRow ?? (isRepeated ? fewDistinct : undefined);

    const equalByChance = mostEqual(own, distinctIn, judgement);
    if (own.equalOriginals.size > equalByChance) {
      mistakes.push({
        where: name,
        what: `${own.equal} of ${own.values} values came out of ${base.technique} as they went in`,
        remedy: 'Choose another technique for the column',
      });
    }

    const found = ofUnit.get(unit.id) ?? [];
    const inMade = found.filter(({ place }) => isMade(judgement.mayCoincide, made[place]));
    const coinciding = new Set(inMade.map(({ original }) => original));
    const coincidences = countOriginals(inMade);
    if (judgement.mayCoincide === 'shape' && coincidences > mostByChance(own.shapeChance * shapesMade)) {
      mistakes.push({
        where: name,
        what: `${coincidences} of its originals are among the masked values, more than chance explains`,
        remedy: 'Choose another technique for the column',
      });
    }
    if (!why) {
      const leaks = found.filter(({ original }) => !coinciding.has(original) && !isOften(original));
      for (const [place, inPlace] of Map.groupBy(leaks, (match) => match.place)) {
        const originals = countOriginals(inPlace);
        if (originals <= mostByChance(own.numberChance * words[place]! * runsPerWord)) continue;
        const times = inPlace.reduce((sum, match) => sum + match.times, 0);
        mistakes.push({
          where: places[place]!.name,
          what: `holds ${count(originals, 'original')} of ${name} (${count(times, 'time')})`,
          remedy: remedyFor(places[place]!),
        });
      }
    }
    return [
      {
        ...base,
        judged: why ? 'per-row' : 'everywhere',
        ...(why ? { why } : {}),
        values: own.values,
        distinctIn,
        searched: why ? 0 : own.searched,
        equal: own.equal,
        equalByChance,
        coincidences,
      },
    ];
  });
  if (mistakes.length > 0) throw leaked(mistakes.sort(byPlace));
  return columns;
}

function mostEqual(own: UnitCounts, distinct: number, { chance, makes }: Judgement): number {
  // All of them may be what they were.
  if (own.values === 0 || chance === 1) return own.values;
  // A constant may be somebody's value, one at most.
  return mostByChance((own.chance / own.values) * distinct) + (makes === 'constant' ? 1 : 0);
}

/** What masking writes into each place. */
function familiesOf(units: readonly Unit[], places: readonly ResultPlace[]): (Set<string> | undefined)[] {
  const byColumn = new Map<string, Set<string>>();
  for (const { table, column, technique } of units) {
    const { makes } = judgementOf(technique);
    const id = JSON.stringify([table, column]);
    const families = byColumn.get(id) ?? new Set();
    if (makes) families.add(makes);
    byColumn.set(id, families);
  }
  return places.map(({ table, column }) => byColumn.get(JSON.stringify([table, column])));
}

function isMade(family: string | undefined, made: Set<string> | undefined): boolean {
  return family !== undefined && made?.has(family) === true;
}

function remedyFor({ name, column }: ResultPlace): string {
  if (column === undefined && !name.endsWith('statistics)')) return 'Take it out of the schema at the source';
  return 'Mask this column, too, or what it is computed from; or keep the other one, if its originals may be seen';
}

function byPlace(a: Mistake, b: Mistake): number {
  return `${a.where} ${a.what}` < `${b.where} ${b.what}` ? -1 : 1;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function leaked(errors: Mistake[]): Problem {
  return new Problem(
    'audit-failed',
    `The audit found originals of masked columns in the snapshot, which is destroyed`,
    {
      where: errors[0]!.where,
      errors,
    },
  );
}
