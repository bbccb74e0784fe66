import { Problem } from '../../errors.ts';
import { identifier } from '../../quoting.ts';
import type { LeftOut } from './left-out.ts';
import { connectTarget, type Target } from './target.ts';

/**
 * Says before anything is copied which extensions the image lacks; makes the schemas that extensions are in where those
 * are left out with all else in them.
 */
export async function prepareExtensions(
  target: Target,
  database: string,
  extensions: string[],
  leftOut: LeftOut,
): Promise<void> {
  const client = await connectTarget(target, database);
  try {
    const { rows } = await client.query<{ name: string }>('SELECT name FROM pg_available_extensions');
    const missing = extensions.filter((name) => !rows.some((available) => available.name === name));
    if (missing.length > 0) {
      const remedy =
        'Add it to the image of the project’s database service, or drop it from the source if nothing uses it';
      throw new Problem('capture-failed', `The image lacks extensions of the source: ${missing.join(', ')}`, {
        where: missing[0]!,
        remedy: `${remedy}.`,
        errors: missing.map((name) => ({ where: name, what: 'is an extension that the image lacks', remedy })),
      });
    }
    for (const { name } of leftOut.schemas.filter(({ extension }) => extension))
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${identifier(name)}`);
  } finally {
    await client.end();
  }
}
