import { check, createChecker } from './check/schema.ts';
import type { Findings } from './findings.ts';
import type { DatabaseSection, GreenroomSection, IngressRoute } from './plan.ts';
import { splitWords } from './service/words.ts';
import { isMap, mapAt, type TreeMap, textOf } from './tree.ts';
import { sectionSchema } from './x-greenroom.schema.ts';

type Section = Omit<GreenroomSection, 'ingress'> & { ingress?: IngressRoute[] };

let checker: ReturnType<typeof createChecker> | undefined;

/**
 * The `x-greenroom` section as it is written, checked against its schema; `ingress` is undefined where it is not given.
 * Undefined where it has mistakes.
 */
export function readSection(model: TreeMap, findings: Findings): Section | undefined {
  if ((model['x-greenroom'] ?? null) === null) return {};
  if (!isMap(model['x-greenroom'] ?? null)) {
    findings.mistake('x-greenroom', 'must be a map of database, migrations and ingress');
    return undefined;
  }
  // Interpolated values are text, so "3000" is accepted for 3000; that changes the value, hence the copy.
  const section = structuredClone(model['x-greenroom']) as unknown;
  checker ??= createChecker(sectionSchema, true);
  if (!check(checker, section, 'x-greenroom', findings)) return undefined;
  const { database, migrations, ingress } = section as {
    database?: DatabaseSection;
    migrations?: { service: string; command: string | string[] };
    ingress?: IngressRoute[];
  };
  return {
    ...(database ? { database } : {}),
    ...(migrations
      ? { migrations: { service: migrations.service, command: readCommand(migrations.command, findings) } }
      : {}),
    ...(ingress ? { ingress: ingress.map((route) => ({ ...route, path: route.path.replace(/(?<=.)\/$/, '') })) } : {}),
  };
}

function readCommand(command: string | string[], findings: Findings): string[] {
  const words = typeof command === 'string' ? splitWords(command) : command;
  if (typeof words !== 'string') return words;
  findings.mistake('x-greenroom.migrations.command', words, 'write it as a list');
  return [];
}

/** The services that the section names, before it is known to be valid: they run whatever their profiles. */
export function namedServices(model: TreeMap): string[] {
  const section = mapAt(model, 'x-greenroom');
  return ['database', 'migrations'].flatMap((key) => textOf(mapAt(section, key).service) || []);
}

/** Checks that what the section refers to is there and fits together. */
export function checkSection(section: Section, model: TreeMap, active: ReadonlySet<string>, findings: Findings): void {
  const { database, migrations, ingress = [] } = section;
  const refer = (service: string, where: string) => {
    if (!active.has(service)) {
      const known = isMap(mapAt(model, 'services')[service] ?? null);
      findings.mistake(`${where}.service`, `the service ${service} ${known ? 'does not run' : 'does not exist'}`);
    }
    if (service === migrations?.service && where !== 'x-greenroom.migrations')
      findings.mistake(`${where}.service`, `the service ${service} runs the migrations and nothing else`);
  };
  if (database) refer(database.service, 'x-greenroom.database');
  if (migrations) refer(migrations.service, 'x-greenroom.migrations');
  if (migrations && !database)
    findings.mistake('x-greenroom.migrations', 'needs a database', 'add database: { service, name }');
  const logins = [...(database?.owner ? [database.owner] : []), ...(database?.roles ?? [])].map(({ role }) => role);
  for (const role of new Set(logins.filter((one, index) => logins.indexOf(one) !== index)))
    findings.mistake('x-greenroom.database', `names the role ${role} twice`);
  for (const [index, route] of ingress.entries()) {
    const where = `x-greenroom.ingress[${index}]`;
    refer(route.service, where);
    const first = ingress.findIndex(({ path }) => path === route.path);
    if (first < index) findings.mistake(`${where}.path`, `${route.path} already leads to ${ingress[first]?.service}`);
    if (route.path.split('/').some((part) => part === '..' || part === '.'))
      findings.mistake(`${where}.path`, 'has a part that is . or ..');
  }
}
