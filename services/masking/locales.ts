import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Faker } from '@faker-js/faker';

const require = createRequire(import.meta.url);

export const defaultLocale = 'en';

/** Every locale that faker has words for: `de`, `fr`, `pt_BR`, … */
export const locales = readdirSync(dirname(require.resolve('@faker-js/faker/locale/en')))
  .filter((file) => file.endsWith('.js') && file !== 'base.js')
  .map((file) => file.slice(0, -'.js'.length))
  .sort();

/** Loads one locale alone: all of them together take 32 MB more in every thread. */
export function fakerOf(locale: string): Faker {
  if (!locales.includes(locale)) throw new Error(`faker has no locale ${locale}`);
  return (require(`@faker-js/faker/locale/${locale}`) as { faker: Faker }).faker;
}
