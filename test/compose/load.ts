import { type LoadOptions, loadCompose } from '../../services/compose/load.ts';
import type { ServicePlan, StackPlan } from '../../services/compose/plan.ts';
import { type Mistake, Problem } from '../../services/errors.ts';

export type Files = string | Record<string, string>;
type Options = Partial<LoadOptions> & { composeFiles?: string[] };

/** Loads one Compose file, or a bundle of which the `.yaml` files at the root, in their order, are Compose files. */
export function load(files: Files, options: Options = {}): StackPlan {
  const bundle = typeof files === 'string' ? { 'compose.yaml': files } : files;
  const named = options.composeFiles ?? Object.keys(bundle).filter((path) => /^[^/]+\.yaml$/.test(path));
  return loadCompose({ files: bundle, composeFiles: named }, { variables: {}, ...options });
}

/** The service `web` of a file in which it has this body, one key a line. */
export function loadWeb(
  body: string,
  more = '',
  options: Options & { files?: Record<string, string> } = {},
): ServicePlan {
  const plan = load(
    { 'compose.yaml': web(body, more), ...options.files },
    { composeFiles: ['compose.yaml'], ...options },
  );
  return serviceOf(plan, 'web');
}

export function web(body: string, more = ''): string {
  const lines = ['image: web', ...body.split('\n')].filter((line) => line !== '');
  return `services:\n  web:\n${lines.map((line) => `    ${line}\n`).join('')}${more}`;
}

export function serviceOf(plan: StackPlan, name: string): ServicePlan {
  const service = plan.services.find((one) => one.name === name);
  if (!service) throw new Error(`no service ${name}`);
  return service;
}

/** The mistakes that make a file unusable; none when it loads. */
export function mistakesOf(files: Files, options: Options = {}): Mistake[] {
  try {
    load(files, options);
    return [];
  } catch (error) {
    if (error instanceof Problem && error.code === 'compose-invalid' && error.errors) return error.errors;
    throw error;
  }
}

/** The mistakes as lines of `where: what`. */
export function complaints(files: Files, options: Options = {}): string[] {
  return mistakesOf(files, options).map(({ where, what }) => `${where}: ${what}`);
}

/** What was replaced, as lines of `where: what`. */
export function replacedIn(files: Files, options: Options = {}): string[] {
  return load(files, options).replaced.map(({ where, what }) => `${where}: ${what}`);
}
