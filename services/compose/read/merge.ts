import type { Findings } from '../findings.ts';
import { isMap, kindOf, type Tree, type TreeMap, textOf } from '../tree.ts';
import { enforceUnicity } from './unique.ts';

/** How the values of a base and of an override become one. */
type Rule = (base: Tree, over: Tree, path: string[], findings: Findings) => Tree;

const replaceWhole: Rule = (_base, over) => over;

/** `A=1` or a map, `environment`, `labels`…: by key, an override's entry wins. Both forms may meet. */
const byKey: Rule = (base, over) => {
  const left = keyed(base);
  const right = keyed(over);
  return left && right ? { ...left, ...right } : [...asList(base), ...asList(over)];
};

const asSequence: Rule = (base, over) => [...asList(base), ...asList(over)];

/** `depends_on`, `networks`, `models`: a list of names is a map whose entries are all default. */
const named =
  (entry: () => Tree): Rule =>
  (base, over, path, findings) => {
    const toMap = (value: Tree) =>
      Array.isArray(value) ? Object.fromEntries(value.map((name) => [textOf(name), entry()])) : value;
    return mergeTrees(toMap(base), toMap(over), path, findings, false);
  };

const logging: Rule = (base, over, path, findings) => {
  const [left, right] = [isMap(base) ? base.driver : undefined, isMap(over) ? over.driver : undefined];
  return left === undefined || right === undefined || left === right
    ? mergeTrees(base, over, path, findings, false)
    : over;
};

const build: Rule = (base, over, path, findings) => {
  const toMap = (value: Tree): Tree => (typeof value === 'string' ? { context: value } : value);
  return mergeTrees(toMap(base), toMap(over), path, findings, false);
};

const extraHosts: Rule = (base, over) => {
  const lists = [base, over].map((value) =>
    isMap(value)
      ? Object.entries(value).flatMap(([host, ip]) => asList(ip).map((one) => `${host}=${textOf(one)}`))
      : asList(value),
  );
  return [...new Set(lists.flat())];
};

/** Where merging is not what the kind of value says. Source: compose-go `override/merge.go`. */
const rules: Record<string, Rule> = {
  'networks.*.ipam.config': replaceWhole,
  'networks.*.labels': byKey,
  'volumes.*.labels': byKey,
  'services.*.annotations': byKey,
  'services.*.build': build,
  'services.*.build.args': byKey,
  'services.*.build.additional_contexts': byKey,
  'services.*.build.extra_hosts': extraHosts,
  'services.*.build.labels': byKey,
  'services.*.command': replaceWhole,
  'services.*.depends_on': named(() => ({ condition: 'service_started', required: true })),
  'services.*.deploy.labels': byKey,
  'services.*.dns': asSequence,
  'services.*.dns_opt': asSequence,
  'services.*.dns_search': asSequence,
  'services.*.entrypoint': replaceWhole,
  'services.*.env_file': asSequence,
  'services.*.label_file': asSequence,
  'services.*.environment': byKey,
  'services.*.extra_hosts': extraHosts,
  'services.*.healthcheck.test': replaceWhole,
  'services.*.labels': byKey,
  'services.*.logging': logging,
  'services.*.models': named(() => null),
  'services.*.networks': named(() => null),
  'services.*.sysctls': byKey,
  'services.*.tmpfs': asSequence,
  'services.*.ulimits.*': replaceWhole,
};

/**
 * Merges an override over a base: scalars replace, maps merge, lists append, and the exceptions above. Lists that
 * name a thing each (ports, volumes by target…) keep the last entry of each name. An empty value overrides nothing.
 */
export function mergeDocuments(base: TreeMap, over: TreeMap, findings: Findings): TreeMap {
  return enforceUnicity(mergeTrees(base, over, [], findings)) as TreeMap;
}

/** What `extends` does: a service over the one it extends. Source: compose-go `override/extends.go`. */
export function mergeService(base: Tree, over: Tree, name: string, findings: Findings): Tree {
  return mergeTrees(base, over, ['services', name], findings);
}

function mergeTrees(base: Tree, over: Tree, path: string[], findings: Findings, special = true): Tree {
  const rule = special ? ruleFor(path) : undefined;
  if (rule) return rule(base, over, path, findings);
  if (over === null) return base;
  if (isMap(base) && isMap(over)) {
    const merged = new Map(Object.entries(base));
    for (const [key, value] of Object.entries(over)) {
      const before = merged.get(key);
      merged.set(key, merged.has(key) ? mergeTrees(before ?? null, value, [...path, key], findings) : value);
    }
    return Object.fromEntries(merged);
  }
  if (Array.isArray(base) && Array.isArray(over)) return [...base, ...over];
  if (typeof base === 'object' && base !== null) {
    findings.mistake(path.join('.'), `is ${kindOf(base)} that ${kindOf(over)} cannot override`);
    return base;
  }
  return over;
}

function ruleFor(path: string[]): Rule | undefined {
  if (path.length < 3 || path.length > 4) return undefined;
  const [top, , third, fourth] = path;
  const key = `${top}.*.${third}`;
  if (fourth === undefined) return rules[key];
  return rules[`${key}.${fourth}`] ?? rules[`${key}.*`];
}

function asList(value: Tree): Tree[] {
  if (value === null) return [];
  if (isMap(value)) return Object.entries(value).map(([key, one]) => (one === null ? key : `${key}=${textOf(one)}`));
  return Array.isArray(value) ? value : [value];
}

/** A list of `KEY=value` or a map as a map; undefined where it is neither, which the schema will say. */
export function keyed(value: Tree): TreeMap | undefined {
  if (value === null) return {};
  if (isMap(value)) return value;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) return undefined;
  return Object.fromEntries(
    value.map((item) => {
      const text = item as string;
      const cut = text.indexOf('=');
      return cut < 0 ? [text, null] : [text.slice(0, cut), text.slice(cut + 1)];
    }),
  );
}

/** Forgets what stands at the paths that a later file marks `!reset` or `!override`. Source: compose-go `reset.go`. */
export function applyResets(tree: TreeMap, resets: string[][]): TreeMap {
  return resets.reduce<TreeMap>((result, path) => without(result, path) as TreeMap, tree);
}

function without(tree: Tree, path: string[]): Tree {
  const [key, ...rest] = path;
  if (key === undefined || !isMap(tree) || !Object.hasOwn(tree, key)) return tree;
  const entries = Object.entries(tree);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([name]) => name !== key));
  return Object.fromEntries(entries.map(([name, value]) => [name, name === key ? without(value, rest) : value]));
}
