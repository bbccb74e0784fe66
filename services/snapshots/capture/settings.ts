import type pg from 'pg';
import { identifier } from '../../quoting.ts';
import { catalogQuery } from '../../sources/catalog.ts';
import { withoutValues } from '../../sources/errors.ts';
import { connectTarget, type Target } from './target.ts';

/** What a session begins with by ALTER DATABASE … SET or ALTER ROLE … SET. */
export interface Setting {
  /** null: everybody. */
  role: string | null;
  inDatabase: boolean;
  name: string;
  value: string;
}

/** What SQL means and how its results are written. None of them can hold a secret, as a setting of an application's own can. */
const ofMeaning = [
  ...['search_path', 'timezone', 'timezone_abbreviations', 'datestyle', 'intervalstyle', 'bytea_output'],
  ...['default_text_search_config', 'extra_float_digits', 'xmlbinary', 'xmloption', 'transform_null_equals'],
  ...['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time', 'default_transaction_isolation'],
];

/** For roles alone: set for everybody they would hold for what greenroom itself does on a stack. */
const ofRoles = [
  ...['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'],
  ...['default_transaction_read_only', 'default_transaction_deferrable'],
];

function isCopied({ role, name }: Setting): boolean {
  return [...ofMeaning, ...(role === null ? [] : ofRoles)].includes(name.toLowerCase());
}

/** What those say that a snapshot gets, to be audited before. */
export function textsOfSettings(settings: readonly Setting[]): string[] {
  return settings.filter(isCopied).map(({ value }) => value);
}

/** Those of the database, and of the roles that the snapshot has. */
export async function readSettings(source: pg.Client, roles: string[]): Promise<Setting[]> {
  return catalogQuery<Setting>(source, 'settings', [roles]);
}

/**
 * Sets what an application may depend on as it was in the source. The superuser of the target is greenroom's own there.
 *
 * @returns a warning for each that is not set, by name, never with its value.
 */
export async function applySettings(
  target: Target,
  database: string,
  settings: Setting[],
): Promise<{ where: string; what: string }[]> {
  const warnings: { where: string; what: string }[] = [];
  const client = await connectTarget(target, 'postgres');
  try {
    for (const setting of settings) {
      const { role, inDatabase, name, value } = setting;
      let why = isCopied(setting)
        ? ''
        : 'it says nothing of what SQL means, and may hold a secret or be for production’s machine';
      if (role === target.spec.superuser) why = 'the role is the superuser of the stack';
      if (!why) {
        try {
          await client.query('BEGIN READ WRITE');
          await client.query('SELECT pg_catalog.set_config($1, $2, true)', [name, value]);
          const whose = role === null ? 'ROLE ALL' : `ROLE ${identifier(role)}`;
          const where = role === null && inDatabase ? `DATABASE ${identifier(database)}` : whose;
          const within = role !== null && inDatabase ? ` IN DATABASE ${identifier(database)}` : '';
          await client.query(`ALTER ${where}${within} SET ${identifier(name)} FROM CURRENT`);
          await client.query('COMMIT');
        } catch (error) {
          why = withoutValues(error);
          await client.query('ROLLBACK');
        }
      }
      if (why) warnings.push({ where: role ?? database, what: `the setting ${name} is left out: ${why}` });
    }
    return warnings;
  } finally {
    await client.end();
  }
}
