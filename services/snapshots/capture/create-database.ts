import { Problem } from '../../errors.ts';
import { identifier, literal } from '../../quoting.ts';
import { readMajor, type ServerFacts } from '../../sources/catalog.ts';
import { withoutValues } from '../../sources/errors.ts';
import { connectTarget, type Target } from './target.ts';

/** Creates the database with the source's encoding, and its locale where the image has it. */
export async function createDatabase(
  target: Pick<Target, 'login'>,
  name: string,
  source: ServerFacts,
): Promise<string[]> {
  // The one that is connected to cannot be made anew.
  const client = await connectTarget(target, name === 'postgres' ? 'template1' : 'postgres');
  try {
    await client.query(`DROP DATABASE IF EXISTS ${identifier(name)}`);
    const major = await readMajor(client);
    const libc = major >= optionsMajor ? 'LOCALE_PROVIDER libc' : '';
    // Half the time of what goes through the WAL.
    const strategy = major >= optionsMajor ? 'STRATEGY file_copy' : '';
    const provider = providerOf(source);
    const plain = `LC_COLLATE 'C' LC_CTYPE 'C'`;
    const locales = [
      `${provider ?? libc} LC_COLLATE ${literal(source.collate)} LC_CTYPE ${literal(source.ctype)}`,
      ...(provider ? [`${provider} ${plain}`] : []),
      `${libc} ${plain}`,
    ];
    let refused: unknown;
    for (const locale of locales) {
      const encoding = `ENCODING ${literal(source.encoding)}`;
      try {
        await client.query(`CREATE DATABASE ${identifier(name)} TEMPLATE template0 ${strategy} ${encoding} ${locale}`);
        return locale === locales.at(-1) && source.collate !== 'C'
          ? [`The image has no locale ${provider ? source.locale : source.collate}; text sorts by C instead`]
          : [];
      } catch (error) {
        refused = error;
      }
    }
    throw new Problem(
      'capture-failed',
      `The image cannot hold the source's encoding ${source.encoding}: ${withoutValues(refused)}`,
      { where: name, remedy: 'Use an image of the project’s database service that can.' },
    );
  } finally {
    await client.end();
  }
}

/** CREATE DATABASE knows locale providers and strategies since. */
const optionsMajor = 15;

function providerOf({ locale_provider: provider, locale, icu_rules: rules }: ServerFacts): string | undefined {
  if (locale === null) return undefined;
  if (provider === 'b') return `LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(locale)}`;
  if (provider !== 'i') return undefined;
  return `LOCALE_PROVIDER icu ICU_LOCALE ${literal(locale)}${rules === null ? '' : ` ICU_RULES ${literal(rules)}`}`;
}
