import type { components } from '../../../openapi/types.ts';

export type ResidualRisk = components['schemas']['ResidualRisk'];
export type Risk = components['schemas']['RiskLevel'];

/** Nearly every row has a value of its own; several share one; or many do, because there are few. Not known is `own`. */
export type Spread = 'own' | 'shared' | 'few';

/** What the level of a technique depends on beside its options. */
export interface Counted {
  spread: Spread;
  /** About as many different values came out as went in. */
  isAsFine: boolean;
}

type Family = (counted: Counted, options: Record<string, unknown>) => ResidualRisk;

const risk = (level: Risk['level'], why: string): Risk => ({ level, why });

export function all(level: Risk['level'], why: string): ResidualRisk {
  return { singlingOut: risk(level, why), linkability: risk(level, why), inference: risk(level, why) };
}

const read = risk('medium', 'who has found the row reads the original');
const keptBySpread: Record<Spread, ResidualRisk> = {
  own: {
    singlingOut: risk('high', 'nearly every row has an original of its own: who knows it finds the row'),
    linkability: risk('high', 'the original joins with production, and with whatever else holds it'),
    inference: read,
  },
  shared: {
    singlingOut: risk('medium', 'the original narrows down whose row it is, to several'),
    linkability: risk('medium', 'the original joins with whatever else holds it, several rows at a time'),
    inference: read,
  },
  few: {
    singlingOut: risk('low', 'many rows share each of the few originals'),
    linkability: risk('low', 'many rows share each of the few originals'),
    inference: read,
  },
};

const byFrequency = risk('high', 'of so few values, how often each occurs tells which original it stands for');
const joins = risk('medium', 'equal originals are equal in all tables, and in all snapshots under the key');

/** @param left what of the original a value tells by itself */
function replacedWith(left: string): Family {
  const bySpread: Record<Spread, ResidualRisk> = {
    own: {
      singlingOut: risk('medium', 'a row differs from the others, by a value that is nobody’s'),
      linkability: joins,
      inference: risk('low', left),
    },
    shared: {
      singlingOut: risk('low', 'several rows share each value, which is nobody’s'),
      linkability: joins,
      inference: risk('medium', 'how often a value occurs hints at the original it stands for'),
    },
    few: {
      singlingOut: risk('low', 'many rows share each of the few values'),
      linkability: risk('low', 'many rows share each of the few values'),
      inference: byFrequency,
    },
  };
  return ({ spread }) => bySpread[spread];
}

const replaced = replacedWith('it says that an original was the same elsewhere, and nothing else');
const shaped = replacedWith('it has the original’s length or shape, and nothing else of it');

function near(distance: string, inference: Risk): ResidualRisk {
  const found = `the value is within ${distance} of its original: who knows that one finds the rows that may be it`;
  return { singlingOut: risk('medium', found), linkability: joins, inference };
}

const noise: Family = (_, { noise: share = 0.1, amount }) => {
  const distance = amount === undefined ? `${Number(share) * 100} %` : String(amount);
  return near(distance, risk('medium', `the original is within ${distance}`));
};

const shifted: Family = (_, { days = 30, per }) => {
  const alike = risk('high', 'all are moved alike: one original that is known gives all others away');
  return near(`${days} days`, per === 'snapshot' ? alike : risk('medium', `the original is within ${days} days`));
};

const shuffled: Family = ({ spread }) => ({
  singlingOut: risk('high', 'every original is there, and stands for another'),
  linkability: joins,
  inference: spread === 'few' ? byFrequency : risk('medium', 'which originals there are can be read, though not whose'),
});

const drawn = all('low', 'drawn at random for each row or person, whatever the original was');
const drawnOfOwn: Family = ({ spread }) => {
  const level = { own: 'high', shared: 'medium', few: 'low' } as const;
  const there = risk(level[spread], 'every original is there, though neither whose it is nor how often it occurs');
  return { ...drawn, singlingOut: there, inference: there };
};

const coarser: ResidualRisk = {
  singlingOut: risk('low', 'several originals become one value'),
  linkability: risk('medium', 'the coarser value still joins rows, several at a time'),
  inference: risk('medium', 'the coarser value is true of the person'),
};

/** Who knows the policy makes the same of what is known: where that made no groups, it hid nothing. */
const generalised: Family = ({ spread, isAsFine }) => {
  if (spread === 'own') {
    const level = risk('high', 'nearly every row still has a value of its own: who knows the original finds the row');
    return { singlingOut: level, linkability: level, inference: coarser.inference };
  }
  if (!isAsFine) return coarser;
  const same = 'about as many different values came out as went in: nothing became coarser';
  return all('medium', same);
};

const kept: Family = ({ spread }) => keptBySpread[spread];
const removed: Family = () => all('none', 'whether there was an original is all that is left');
const document: Family = () =>
  all('medium', 'what no rule of the policy masks in it (keys, numbers, booleans, kept parts) is as it was');
const computed: Family = () => all('medium', 'it is as the columns that Postgres computes it from: see theirs');
export const unassessed: Family = () => all('high', 'the technique is not assessed, so the worst is assumed');

/**
 * What is left to risk after each technique. One that is not here counts as not assessed.
 *
 * The three criteria, and where families of techniques stand by them, are those of the Article 29 Data Protection Working
 * Party, Opinion 05/2014 on Anonymisation Techniques (WP216), chapter 3 to 4 and the table of its summary: pseudonymous
 * and substituted values leave singling out and linkability open; noise leaves singling out open and weakens the other
 * two; generalisation closes singling out and leaves the others open. How many rows share a value shifts the level: that
 * part is greenroom's own judgement.
 */
export const families: Record<string, Family> = {
  ...{ keep: kept, computed, null: removed, constant: removed },
  ...{ full_name: replaced, first_name: replaced, last_name: replaced, company: replaced, username: replaced },
  ...{ email: replaced, street: replaced, city: replaced, country: replaced, uuid: replaced },
  ...{
    phone: shaped,
    postcode: shaped,
    iban: shaped,
    card: shaped,
    token: shaped,
    url: shaped,
    ip: shaped,
    text: shaped,
  },
  ...{ number: noise, date: shifted, json: document },
  ...{ mac: shaped, national_id: shaped, bytes: shaped, hstore: document, composite: document, rebuild: computed },
  ...{
    password: removed,
    shuffle: shuffled,
    generalise: generalised,
    randomise: (counted, options) => (options.values === 'own' ? drawnOfOwn(counted, options) : drawn),
  },
};

/**
 * Different originals come out different, but for what meets by accident; or any of them comes out as likely as another.
 * So about as many different values come out as there were, where there are words for so many.
 */
export function keepsApart(technique: string, options: Record<string, unknown>): boolean {
  if (technique === 'randomise') return options.values === 'own';
  return [replaced, shaped, shuffled].includes(families[technique]!);
}
