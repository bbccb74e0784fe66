import { createHash } from 'node:crypto';
import type { MaskingReport } from '../../../../openapi/aliases.ts';
import type { components } from '../../../../openapi/types.ts';
import { canonical } from '../../../masking/policy/policy.ts';
import type { ResidualRisk, Risk } from '../risk-table.ts';

/** What every form of a masking report says, in words. */

type Schemas = components['schemas'];
export type Column = Schemas['ReportedColumn'];
type Table = Schemas['ReportedTable'];
export type Level = Risk['level'];

export interface Reported {
  id: string;
  project: string;
  /** The source's name in the project. */
  source: string;
  report: MaskingReport;
}

export const levels: Level[] = ['high', 'medium', 'low', 'none'];
export const criteria = ['singlingOut', 'linkability', 'inference'] as const;

function worstOf(risk: ResidualRisk): Level {
  return levels.find((level) => criteria.some((criterion) => risk[criterion].level === level))!;
}

/** Columns of the policy: those of partitions are one with their table's, at the worst that any of them has. */
export function columnsOf({ tables }: MaskingReport): { where: string; column: Column; worst: Level | undefined }[] {
  const byPlace = new Map<string, ReturnType<typeof columnsOf>[number]>();
  for (const table of tables) {
    for (const column of table.columns) {
      const where = `${table.partitionOf ?? table.name}.${column.name}`;
      const worst = column.risk && worstOf(column.risk);
      const before = byPlace.get(where);
      if (!before || rankOf(worst) < rankOf(before.worst)) byPlace.set(where, { where, column, worst });
    }
  }
  return [...byPlace.values()];
}

const rankOf = (level: Level | undefined) => (level === undefined ? levels.length : levels.indexOf(level));

/** How much was kept, in a line: whole columns and parts of values are counted apart. */
export function keptInWords(report: MaskingReport): { whole: number; columns: number; detail: string } {
  const columns = columnsOf(report);
  const whole = columns.filter(({ column }) => column.technique === 'keep').length;
  const kept = keptOf(report);
  const parts = kept.length - whole;
  const more = parts > 0 ? `, and ${several(parts, 'part')} of values` : '';
  const orphans = kept.filter(({ owner }) => owner === undefined).length;
  const answers =
    orphans > 0 ? `nobody answers for ${number(orphans)} of them: name an owner in the policy` : 'and an owner';
  const detail = `columns are kept as they are${more}; each with a reason, ${answers}. The others are masked, or computed from masked ones.`;
  return { whole, columns: columns.length, detail };
}

export interface Kept {
  where: string;
  type: string;
  reason: string;
  owner?: string | undefined;
  until?: string | undefined;
  worst?: Level | undefined;
}

/** Columns and parts of values whose originals are in the snapshot; the riskiest first. */
export function keptOf(report: MaskingReport): Kept[] {
  const kept = columnsOf(report).flatMap(({ where, column, worst }): Kept[] => {
    const { technique, type = '', reason = '', owner, until, keptParts = [] } = column;
    const parts = keptParts.map((part) => ({ ...part, where: `${where} → ${part.path}`, type: 'part of a value' }));
    return technique === 'keep' ? [{ where, type, reason, owner, until, worst }] : parts;
  });
  return kept.toSorted((a, b) => rankOf(a.worst) - rankOf(b.worst));
}

/** Of a table's partitions the largest stands for all, which have its columns and rules: there may be thousands. */
export function shownTables({ tables }: MaskingReport): { table: Table; others: Table[] }[] {
  const byRoot = Map.groupBy(tables, ({ name, partitionOf }) => partitionOf ?? name);
  return [...byRoot.values()].map((all) => {
    const [table, ...others] = all.toSorted((a, b) => b.rows - a.rows);
    return { table: table!, others };
  });
}

function tlsInWords({ mode, version }: NonNullable<Schemas['ReportedSource']['tls']>): string {
  if (mode === 'disable') return 'none, plain text';
  return version ? `${mode}, ${version}` : mode;
}

export function othersInWords(others: Table[]): string {
  const names = others.map(({ name, rows }) => `${name} (${rowsInWords(rows)})`);
  return `With the same columns and rules: ${names.join(', ')}. What was counted in them is in the JSON.`;
}

export function rowsInWords(rows: number): string {
  return several(rows, 'row');
}

/** `1 row`, `2 rows` */
export function several(count: number, one: string, more = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : more}`;
}

export function countByLevel(report: MaskingReport): Record<Level, number> {
  const counts: Record<Level, number> = { high: 0, medium: 0, low: 0, none: 0 };
  for (const { worst } of columnsOf(report)) if (worst) counts[worst]++;
  return counts;
}

/** What stands behind the levels, once each: columns refer to it by its mark. */
export function notesOf(report: MaskingReport): Map<string, { mark: string; technique: string; risk: ResidualRisk }> {
  const notes = new Map<string, { mark: string; technique: string; risk: ResidualRisk }>();
  for (const { columns } of report.tables) {
    for (const { risk, technique } of columns) {
      if (!risk) continue;
      const key = noteKey(risk);
      const note = notes.get(key);
      if (!note) notes.set(key, { mark: String(notes.size + 1), technique, risk });
      else if (!note.technique.split(', ').includes(technique)) note.technique += `, ${technique}`;
    }
  }
  return notes;
}

export const noteKey = (risk: ResidualRisk) => canonical(risk);

/** `date: days 30, per snapshot`; `rebuild: columns subject and body` */
export function techniqueInWords({ technique, options = {} }: Column): string {
  const told = Object.entries(options).filter(([name]) => name !== 'fields');
  const words = told.map(
    ([name, option]) => `${name} ${Array.isArray(option) ? option.join(' and ') : ruleInWords(option)}`,
  );
  const fields = Object.entries((options.fields ?? {}) as Record<string, unknown>).map(
    ([path, field]) => `${path} ${ruleInWords(field)}`,
  );
  const all = [...words, ...fields];
  return all.length === 0 ? technique : `${technique}: ${all.join(', ')}`;
}

/** What a rule within a rule does; another option is told as it is. */
function ruleInWords(option: unknown): string {
  if (typeof option !== 'object' || option === null) return String(option);
  return 'keep' in option ? 'keep' : String((option as { mask?: unknown }).mask);
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** `2026-03-01 04:00:00 UTC` */
export function moment(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

/** Stands before the first table with such counts. */
export const countsInWords =
  'Beside what was done: how many NULLs there are, and how many different values went in and came out; ≈ marks an estimate. Then what a person who has the snapshot could do with the column, and the number of the note that says why.';

/** What is estimated says so. */
export function countInWords(count: Schemas['Count'] | undefined): string {
  if (!count) return '–';
  return count.exact ? number(count.count) : `≈ ${number(count.count)}`;
}

/** Names this very report on the page that is signed: `jq -cSj .` of the JSON gives the same bytes. */
export function reportHash(report: MaskingReport): string {
  return createHash('sha256').update(canonical(report)).digest('hex');
}

/** Where it comes from, and what it was made with. */
export function provenanceOf({ id, source: name, project, report }: Reported): [label: string, value: string][] {
  const { of, source, dump, takenAt, schemaFingerprint, policyHash, keyId, dictionaryVersion, locale } = report;
  const { ssh, tls } = source;
  const hop = ({ host, user, hostKey }: Schemas['SshHop']) => `${user}@${host}, host key ${hostKey}`;
  const replica =
    source.replayDelayMs === undefined ? '' : `; a replica, ${source.replayDelayMs} ms behind its primary`;
  const reached: [label: string, value: string][] = [
    ['Login', source.login ?? 'not recorded'],
    ['TLS', tls ? tlsInWords(tls) : 'not recorded'],
    ['SSH', ssh ? `${hop(ssh)}${ssh.jump ? `; through ${hop(ssh.jump)}` : ''}` : 'none'],
    ['WAL position', `${source.lsn}${replica}`],
  ];
  return [
    ['Snapshot', id],
    ['Report’s hash', reportHash(report)],
    ['Source', `${name} of project ${project}: database ${source.database} on ${source.server}`],
    ...(dump ? [dumped(dump)] : reached),
    ['State of', moment(takenAt)],
    ['Postgres', source.serverVersion],
    ['Schema', schemaFingerprint],
    ['Policy', policyHash],
    ['Key’s name', keyId],
    ['Dictionaries', `${dictionaryVersion}${locale ? `, locale ${locale}` : ''}`],
    ['Asked for by', of?.requestedBy ?? 'not recorded'],
    ['Captured by', of ? `greenroom ${of.greenroom}` : 'an earlier greenroom'],
  ];
}

function dumped({ format, sizeBytes, sha256, pgDumpVersion }: Schemas['ReportedDump']): [label: string, value: string] {
  const by = pgDumpVersion ? ` by pg_dump ${pgDumpVersion}` : '';
  return ['Dump', `${format} format${by}, ${sizeBytes} bytes, SHA-256 ${sha256}`];
}

export function groupInWords({ table, columns }: Schemas['ReportedGroups']): string {
  return `${table} by ${columns.join(', ')}`;
}

/** The smallest group of all that are declared. */
export function smallestGroup({ groups = [] }: MaskingReport): Schemas['ReportedGroups'] | undefined {
  return groups.filter(({ rows }) => rows > 0).toSorted((a, b) => a.smallest - b.smallest)[0];
}

/** What became of the sequences; undefined where there is none. */
export function sequencesInWords({ sequences = [] }: MaskingReport): string | undefined {
  if (sequences.length === 0) return undefined;
  const kept = sequences.filter(({ treatment }) => treatment === 'kept');
  const shifted = sequences.length - kept.length;
  const why = kept.map(({ name, reason, owner, until }) => {
    const details = [reason, owner, until && `until ${until}`].filter((detail) => detail !== undefined);
    return `${name} (${details.join(', ')})`;
  });
  return [
    `${shifted} of ${sequences.length} sequences go on further than production’s, so that they do not count its rows`,
    ...(why.length > 0 ? [`as they are there: ${why.join(', ')}`] : []),
  ].join('; ');
}
