import type { Production } from './production.ts';

/** What a person has to look at before production is migrated, a line each. None: production is as the copy was. */
export function warningsAbout(production: Production): string[] {
  const {
    source,
    error,
    drift = [],
    unknown = [],
    outOfOrder = [],
    applied = [],
    appliedThere = [],
    against,
  } = production;
  if (error) return [`production (${source}) could not be read: ${error.detail}`];
  const since = applied.filter((version) => !appliedThere.includes(version));
  const ahead = appliedThere.filter((version) => !applied.includes(version));
  return [
    ...(unknown.length > 0
      ? [`production has migrations that this release does not know, its \`up\` would refuse: ${unknown.join(', ')}`]
      : []),
    ...(outOfOrder.length > 0
      ? [`production has applied later migrations than ${outOfOrder.join(', ')}: \`up\` runs them out of order`]
      : []),
    ...(since.length > 0 ? [`production has applied since the ${against} was made: ${since.join(', ')}`] : []),
    ...(ahead.length > 0 ? [`the ${against} has applied, production has not: ${ahead.join(', ')}`] : []),
    ...(drift.length > 0
      ? [
          `production’s schema is not the ${against}’s: ${drift
            .slice(0, 10)
            .map(({ change, object }) => `${object} ${words[change]}`)
            .join('; ')}${drift.length > 10 ? `; and ${drift.length - 10} more` : ''}`,
        ]
      : []),
  ];
}

const words = { added: 'is in production only', removed: 'is missing in production', changed: 'is another there' };
