import type { components } from '../../../openapi/types.ts';
import { type Mistake, Problem } from '../../errors.ts';
import type { Audit } from './audit.ts';
import { mostByChance } from './chance.ts';
import { coincidencesOf } from './coincidences.ts';
import type { PartCounts, UnitCounts } from './counts.ts';
import { countDistinct } from './distinct.ts';
import { countOriginals, type Match } from './kept-matches.ts';
import type { NumbersSeen } from './numbers-seen.ts';
import type { Phrases } from './phrases.ts';
import type { ResultPlace } from './relations.ts';
import { type Judgement, judgementOf } from './techniques.ts';
import { type Unit, unitOfMark } from './units.ts';

export type AuditedColumn = components['schemas']['AuditedColumn'];

export interface Evidence {
  units: readonly Unit[];
  counts: PartCounts;
  matches: readonly Match[];
  places: readonly ResultPlace[];
  /** By place. */
  numbers: readonly (NumbersSeen | undefined)[];
  isOften: Phrases['isOften'];
  copied: Audit['copied'];
  locale?: string | undefined;
}

/** A column of so few different values, each said ten times in the mean, is the application's, not a person's. */
const few = 100;
const repeated = 10;
const fewDistinct = 'has few different values, each many times';
const belowFloor = 'has no value above the entropy floor: all are too short, or a single word';
/** As audit-names.sql calls the place. */
const nameOfRole = 'the server (name of a role)';
/** Of values that may stay what they are, so many that do make a column one that is hardly masked. */
const nearlyAll = 0.9;

/**
 * Judges each masked column by what was counted row by row and found in the result.
 *
 * @throws Problem `audit-failed` with every leak: which column's originals, how many, where; never a value
 */
export function judge(evidence: Evidence): AuditedColumn[] {
  const { units, counts, places } = evidence;
  const chancesOf = coincidencesOf(units, counts, evidence.copied, evidence.numbers, evidence.locale);
  const ofUnit = Map.groupBy(evidence.matches, ({ unit }) => unitOfMark(unit).unit);
  const mistakes: Mistake[] = [];

  const columns = units.map((unit): AuditedColumn => {
    const own = counts.get(unit.id);
    const { table, column, technique } = unit;
    const judgement = judgementOf(technique);
    const base = { table, column, technique: unit.within ? `${unit.within}: ${technique}` : technique };
    const name = `${table}.${column}`;
    if (!own) {
      const none = { values: 0, distinctIn: 0, searched: 0, equal: 0, equalByChance: 0, coincidences: 0 };
      return { ...base, judged: judgement.perRow ? 'per-row' : 'everywhere', ...none, byChance: [] };
    }
    const distinctIn = Math.min(own.values, countDistinct(own.distinct));
    const why = whyPerRow(own, distinctIn, judgement);
    const equalByChance = mostEqual(own, distinctIn, judgement);
    if (Math.min(own.equal, countDistinct(own.equalDistinct)) > equalByChance) {
      mistakes.push({
        where: name,
        what: `${own.equal} of ${own.values} values came out of ${base.technique} as they went in`,
        remedy: 'Choose another technique for the column',
      });
    }

    const byChance: NonNullable<AuditedColumn['byChance']> = [];
    const coinciding: Match[] = [];
    const found = why ? [] : (ofUnit.get(unit.id) ?? []);
    // What many rows say is the application's, unless the technique is for what is somebody's.
    const said = found.filter(({ original }) => judgement.evenIfRepeated || !evidence.isOften(original));
    for (const [place, inPlace] of Map.groupBy(said, (match) => match.place)) {
      const where = places[place]!;
      if (judgement.inGroups && where.isNumeric) continue;
      const chances = chancesOf(unit, place, where);
      const byKind = Map.groupBy(inPlace, (match) => (unitOfMark(match.unit).isNumber ? 'numbers' : 'others'));
      for (const [kind, matches] of byKind) {
        const originals = countOriginals(matches);
        const atMost = chances[kind];
        if (originals <= atMost) {
          byChance.push({ where: where.name, originals, atMost });
          coinciding.push(...matches);
          continue;
        }
        const times = matches.reduce((sum, match) => sum + match.times, 0);
        const beyond = atMost > 0 ? `; chance explains ${atMost} at most` : '';
        mistakes.push({
          where: where.name,
          what: `holds ${count(originals, 'original')} of ${name} (${count(times, 'time')})${beyond}`,
          remedy: remedyFor(where),
        });
      }
    }
    return {
      ...base,
      judged: why ? 'per-row' : 'everywhere',
      ...(why ? { why } : {}),
      ...(isHardlyMasked(own, judgement) ? { warning: `${own.equal} of ${own.values} values are what they were` } : {}),
      ...{ values: own.values, distinctIn, searched: why ? 0 : own.searched, equal: own.equal, equalByChance },
      ...{ coincidences: countOriginals(coinciding), byChance },
    };
  });
  if (mistakes.length > 0) throw leaked(withoutNames(mistakes).sort(byPlace));
  return columns;
}

function whyPerRow(own: UnitCounts, distinct: number, { perRow, evenIfRepeated }: Judgement): string | undefined {
  if (perRow) return perRow;
  if (own.searched === 0) return belowFloor;
  return !evenIfRepeated && distinct <= few && own.values >= Math.max(few, repeated * distinct)
    ? fewDistinct
    : undefined;
}

function mostEqual(own: UnitCounts, distinct: number, { chance, makes }: Judgement): number {
  // All of them may be what they were.
  if (own.compared === 0 || chance === 1) return own.values;
  // A constant may be somebody's value, one at most.
  return mostByChance((own.chance / own.compared) * distinct) + (makes === 'constant' ? 1 : 0);
}

/** A value that is generalised or drawn may well be what it was; nearly all of them should not. */
function isHardlyMasked({ equal, compared }: UnitCounts, { chance }: Judgement): boolean {
  return chance === 1 && compared > 0 && equal >= nearlyAll * compared;
}

function remedyFor({ name, column }: ResultPlace): string {
  if (name === nameOfRole)
    return 'At the source, give rights to roles that are called after a task, and take people’s own logins out of them: only roles with rights here, and their members, come along (docs/sources.md). Or keep the column, if its originals may be seen';
  if (/ \(name of [a-z ]+\)$/.test(name))
    return 'Rename it at the source, or leave its schema out of those that the source captures; or keep the column, if its originals may be seen';
  if (column === undefined && !name.endsWith('statistics)')) return 'Take it out of the schema at the source';
  return 'Mask this column, too, or what it is computed from; or keep the other one, if its originals may be seen';
}

/** What is called by an original is told by its kind and what it is in, wherever else that name would stand. */
function withoutNames(mistakes: Mistake[]): Mistake[] {
  const named = new Set(mistakes.map(({ where }) => / \(name of an? ([a-z ]+)\)$/.exec(where)?.[1]));
  return mistakes.map((mistake) => {
    const within = /^(.*) \((constraint|trigger|policy|rule) .*\)$/s.exec(mistake.where);
    if (within && named.has(within[2])) return { ...mistake, where: `${within[1]} (${within[2]})` };
    const own = /^([^.]*)\..* \((function|enum)\)$/s.exec(mistake.where);
    const kind = own?.[2] === 'enum' ? 'type' : own?.[2];
    return own && named.has(kind) ? { ...mistake, where: `${own[1]} (${own[2]})` } : mistake;
  });
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
