import { mostByChance } from './chance.ts';
import type { PartCounts, UnitCounts } from './counts.ts';
import { countDistinct } from './distinct.ts';
import { meetings, type NumbersSeen } from './numbers-seen.ts';
import type { ResultPlace } from './relations.ts';
import { judgementOf } from './techniques.ts';
import type { Unit } from './units.ts';
import { subjects, type Vocabulary, vocabulariesOf } from './vocabulary.ts';

/** How many originals of a unit stand in a place by chance at most: `numbers`, of digits alone, and `others`. */
export interface Chances {
  numbers: number;
  others: number;
}

/** Parts of longer names are met too: `Ann Smith` in `Mary Ann Smith`. */
const slack = 2;
/** One name in fifty is, of one kind, also one of another: Santa Rosa. */
const otherKind = 0.02;
/** All that masking makes at example.com begins with one of two schemes, and so may an original. */
const urls = 2;

const statistics = / \(statistics\)$/;
const extendedStatistics = / \(.*, extended statistics\)$/;

/** What masking makes, and of how many different originals: one for each at most. */
interface Made {
  unit: Unit;
  values: number;
}

export function coincidencesOf(
  units: readonly Unit[],
  counts: PartCounts,
  copied: ReadonlySet<string>,
  numbers: readonly (NumbersSeen | undefined)[],
  locale?: string,
): (unit: Unit, place: number, where: ResultPlace) => Chances {
  const all = units.map((unit): Made => ({ unit, values: originalsOf(counts.get(unit.id)) }));
  const byColumn = Map.groupBy(all, ({ unit }) => `${unit.table}.${unit.column}`);
  const byTable = Map.groupBy(all, ({ unit }) => unit.table);
  const tables = new Set([...copied].map(tableOf));
  let vocabularies: Record<string, Vocabulary> | undefined;

  /**
   * What is computed from masked columns holds what masking made of any: a generated column or a tsvector those of its
   * table, a materialized view all.
   */
  const madeIn = ({ name, table }: ResultPlace): Made[] => {
    const column = name.replace(statistics, '');
    const own = byColumn.get(column) ?? [];
    const ofTable = table ?? (extendedStatistics.test(name) ? name.replace(extendedStatistics, '') : undefined);
    const isOfRows = ofTable !== undefined || statistics.test(name);
    const isComputed = isOfRows && (!copied.has(column) || own.some(({ unit }) => unit.technique === 'rebuild'));
    if (!isComputed) return withFullNames(own);
    const of = ofTable ?? tableOf(column);
    return tables.has(of) ? (byTable.get(of) ?? []) : all;
  };

  const words = (technique: string, originals: number, made: readonly Made[]): number => {
    const makers = made.filter(({ unit }) => judgementOf(unit.technique).makes === 'words');
    if (makers.length === 0) return 0;
    vocabularies ??= vocabulariesOf(locale);
    return makers.reduce((sum, { unit, values }) => {
      const { about, values: size, phrases } = vocabularies![unit.technique]!;
      const factor = subjects[technique]?.includes(about) ? slack : otherKind;
      return sum + factor * Math.min(originals, phrases) * Math.min(1, values / size);
    }, 0);
  };

  return (unit, place, where) => {
    const own = counts.get(unit.id)!;
    const originals = Math.min(own.searched, countDistinct(own.distinct));
    const { mayCoincide, coincidesInLetters, shares = 1 } = judgementOf(unit.technique);
    const made = madeIn(where);
    const ofFamily = made.filter(({ unit }) => judgementOf(unit.technique).makes === mayCoincide);
    const seen = numbers[place];
    const met = seen ? meetings(own.numbers, seen) : 0;
    const chances = { numbers: mostByChance(met), others: 0 };
    if (mayCoincide === 'words') {
      const share = coincidesInLetters ? own.ofLetters / Math.max(1, own.searched) : 1;
      chances.others = mostByChance(words(unit.technique, originals * share, ofFamily));
    }
    // Each may be somebody's value.
    if (mayCoincide === 'constant') chances.others = ofFamily.reduce((sum, { unit: { rules } }) => sum + rules, 0);
    if (mayCoincide === 'url' && ofFamily.length > 0) chances.others = urls;
    if (mayCoincide === 'shape' && own.searched > 0) {
      const drawn = (own.shapeChance / own.searched) * originals;
      const made = ofFamily.reduce((sum, { unit: { technique }, values }) => {
        return sum + drawn * values * Math.max(shares, judgementOf(technique).shares ?? 1);
      }, 0);
      return { numbers: mostByChance(met + made), others: mostByChance(made) };
    }
    return chances;
  };
}

function tableOf(column: string): string {
  return column.slice(0, column.lastIndexOf('.'));
}

/** First and last names beside each other, as in a composite value, make full names. */
function withFullNames(made: Made[]): Made[] {
  const [first, last] = ['first_name', 'last_name'].map((one) => made.find(({ unit }) => unit.technique === one));
  if (!first || !last) return made;
  return [...made, { unit: { ...last.unit, technique: 'full_name' }, values: Math.max(first.values, last.values) }];
}

function originalsOf(counts: UnitCounts | undefined): number {
  return counts ? Math.min(counts.values, countDistinct(counts.distinct)) : 0;
}
