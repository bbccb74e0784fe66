import type { CatalogColumn, CatalogTable } from '../catalog.ts';
import { type Decision, partly } from './decide.ts';
import { decideDate } from './decide-date.ts';
import { decideNumber, numeric } from './decide-number.ts';
import { decideText } from './decide-text.ts';
import { decideDocuments } from './document-rule.ts';
import { hintOf, isKeyName, isMigratorsTable } from './names-of-columns.ts';
import type { ColumnSample } from './samples.ts';
import { masksFor } from './words.ts';

/** What the catalog knows of a column beyond its type. */
export interface ColumnFacts {
  isEnum: boolean;
  isPartitionKey: boolean;
  /** It alone is a unique key. */
  isKey: boolean;
  /** Its name is a table's with `_id` behind. */
  namesTable: boolean;
}

/** Decides about one column by itself; what foreign keys demand comes after. */
export function decideColumn(
  table: Pick<CatalogTable, 'name' | 'columns'>,
  column: CatalogColumn,
  facts: ColumnFacts,
  { evidence, documents }: ColumnSample,
): Decision {
  if (isMigratorsTable(table.name)) {
    return {
      is: 'keep',
      why: 'the migrator’s own books',
      confidence: 0.95,
      reason: 'a migrator keeps its books in this table',
    };
  }
  const siblings = table.columns.map(({ name }) => name);
  const hint = hintOf(table.name, column.name, siblings);
  const family = familyOf(column.baseType);
  const decision = decide();
  return facts.isPartitionKey ? asPartitionKey(decision) : decision;

  function decide(): Decision {
    const subject = { name: column.name, hint, evidence };
    if (facts.isEnum || column.baseType === 'bool') {
      const what = facts.isEnum ? 'one of the type’s words' : 'a yes or no';
      if (hint?.finding === 'sensitive') {
        return {
          is: 'mask',
          rules: masksFor.sensitive,
          confidence: 0.5,
          reason: `the name says ${hint.says}`,
          seen: false,
        };
      }
      return {
        is: 'keep',
        why: `${what}, which says nothing about who it is`,
        confidence: 0.85,
        reason: `its type is ${facts.isEnum ? 'an enum' : 'boolean'}`,
      };
    }
    if (family === 'uuid') {
      return {
        is: 'mask',
        rules: masksFor.uuid,
        confidence: 0.8,
        reason: 'its type is uuid; masked alike everywhere, so that references still join',
        seen: false,
      };
    }
    if (family === 'ip') {
      return { is: 'mask', rules: masksFor.ip, confidence: 0.9, reason: `its type is ${column.baseType}`, seen: false };
    }
    if (family === 'mac') {
      return {
        is: 'mask',
        rules: masksFor.mac,
        confidence: 0.9,
        reason: `its type is ${column.baseType}`,
        seen: false,
      };
    }
    if (family === 'time') return decideDate(subject);
    if (family === 'json') {
      if (documents) return decideDocuments(table.name, documents);
      return {
        is: 'mask',
        rules: [{ mask: 'json' }],
        confidence: 0.5,
        reason: `its type is ${column.baseType}; no document to look at`,
        seen: false,
      };
    }
    if (family === 'integer' && isKey()) {
      return {
        is: 'keep',
        why: 'surrogate key, no meaning outside the database',
        confidence: 0.8,
        reason: facts.isKey
          ? 'an integer, a unique key, and named as one'
          : 'an integer, named after a table of the source',
      };
    }
    if (family === 'integer' || family === 'decimal') return decideNumber(subject);
    if (family === 'text') {
      const byText = decideText(subject);
      if (byText.is === 'mask' && byText.rules[0]?.mask === 'json' && documents)
        return decideDocuments(table.name, documents);
      return byText;
    }
    if (column.baseType === 'bytea') {
      const reason = 'what bytes hold cannot be told, so they are all replaced';
      return { is: 'mask', rules: [{ mask: 'bytes' }], confidence: 0.5, reason, seen: false };
    }
    if (column.baseType === 'hstore') {
      const reason = 'its type is hstore; keys and values are masked';
      return { is: 'mask', rules: [{ mask: 'hstore' }], confidence: 0.5, reason, seen: false };
    }
    if (column.baseType === 'tsvector') return { is: 'unknown', reason: ofWords(table.columns) };
    const some = partly(evidence);
    const seen = some ? `; ${some[1]} of ${evidence.looked} sampled values hold ${some[0].label}` : '';
    return { is: 'unknown', reason: `no rule is known for the type ${column.type}${seen}` };
  }

  function isKey(): boolean {
    if (!isKeyName(column.name) || !(facts.isKey || facts.namesTable)) return false;
    if (hint && numeric.has(hint.finding)) return false;
    return ![...evidence.whole].some(
      ([detector, count]) => detector.chance < 0.3 && count >= 5 && count >= evidence.looked * detector.enough,
    );
  }
}

/** What fills it (a trigger, the application) is not known: the columns are for a person to choose. */
function ofWords(columns: readonly CatalogColumn[]): string {
  const texts = columns.filter(
    ({ baseType, isArray }) => !isArray && ['text', 'varchar', 'bpchar', 'citext'].includes(baseType),
  );
  const names = texts.map(({ name }) => name).join(', ');
  return names === ''
    ? 'a tsvector holds the words of other values: `null` leaves it out'
    : `a tsvector holds the words of other values: \`rebuild\` computes it from masked \`columns\` of its table (text are ${names}), \`null\` leaves it out`;
}

type Family = 'text' | 'integer' | 'decimal' | 'time' | 'json' | 'uuid' | 'ip' | 'mac' | 'other';

const families: Record<string, Family> = {
  ...{ text: 'text', varchar: 'text', bpchar: 'text', citext: 'text', name: 'text', xml: 'text' },
  ...{ int2: 'integer', int4: 'integer', int8: 'integer', numeric: 'decimal', float4: 'decimal', float8: 'decimal' },
  ...{ date: 'time', timestamp: 'time', timestamptz: 'time', json: 'json', jsonb: 'json', uuid: 'uuid' },
  ...{ inet: 'ip', cidr: 'ip', macaddr: 'mac', macaddr8: 'mac' },
};

/** How values of a type are looked at; `other` is printed by functions that the source may have made itself. */
export function familyOf(type: string): Family {
  return Object.hasOwn(families, type) ? families[type]! : 'other';
}

/** Rows go into partitions by it, so a masked one would land in another. */
function asPartitionKey(decision: Decision): Decision {
  if (decision.is === 'keep') return decision;
  if (decision.is === 'mask' && decision.seen) {
    return { is: 'unknown', reason: `${decision.reason}; but rows go into partitions by it, so only keep fits` };
  }
  return {
    is: 'keep',
    why: 'rows go into partitions by it',
    confidence: 0.5,
    reason: 'a partition key: a masked one would belong into another partition',
  };
}
