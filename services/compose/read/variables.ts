import { readBundle, resolvePath } from './bundle.ts';
import { parseDotenv } from './dotenv.ts';
import { type Lookup, substitute } from './interpolate.ts';
import { layersOf, type Reading } from './model.ts';

/**
 * What a project's variables are: those given, below them the `.env` file in the project directory, below that
 * COMPOSE_PROJECT_NAME from the file's own `name`. Source: Compose Specification, "name"; Docker, "Set environment
 * variables within your container's environment".
 */
export function readProjectVariables(reading: Omit<Reading, 'lookup'>, given: Record<string, string>): Lookup {
  const variables = new Map(Object.entries(given));
  const path = resolvePath(reading.directory, '.env');
  const text = path === undefined ? undefined : readBundle(reading.bundle, path);
  if (path !== undefined && text !== undefined)
    for (const [name, value] of parseDotenv(path, text, (one) => variables.get(one), new Map(), reading.findings))
      if (!Object.hasOwn(given, name)) variables.set(name, value);
  const lookup = (name: string) => variables.get(name);
  const project = projectName({ ...reading, lookup });
  if (project !== undefined && !variables.has('COMPOSE_PROJECT_NAME')) variables.set('COMPOSE_PROJECT_NAME', project);
  return lookup;
}

/** The last `name` among the files. A mistake in it is found again, and reported, when the file is read. */
function projectName(reading: Reading): string | undefined {
  const layers = reading.bundle.composeFiles.flatMap((file) => layersOf(reading, file, file));
  const name = layers.findLast((layer) => typeof layer.tree.name === 'string')?.tree.name;
  if (typeof name !== 'string') return undefined;
  return substitute(name, { lookup: reading.lookup, unset: () => {}, mistake: () => {} });
}
