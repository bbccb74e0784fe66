import { limits } from '../limits.ts';
import { isMap, mapAt, type Tree, type TreeMap } from '../tree.ts';
import { directoryOf, resolvePath } from './bundle.ts';
import { interpolate } from './interpolate.ts';
import { applyResets, mergeDocuments, mergeService } from './merge.ts';
import { layersOf, type Reading } from './model.ts';
import { rebase } from './rebase.ts';

/** A document whose services may extend each other. */
interface Scope {
  file: string;
  tree: TreeMap;
  resets: string[][];
  /** Services of it whose `extends` is done. */
  resolved: Map<string, Tree>;
}

/**
 * Replaces every service that `extends` another by that other one with its own keys merged over it. The other may be
 * in the same document or in another file of the bundle; cycles are mistakes.
 * Source: Compose Specification, "extends"; compose-go `loader/extends.go`.
 */
export function applyExtends(reading: Reading, document: Omit<Scope, 'resolved'>): TreeMap {
  if (!isMap(document.tree.services ?? null)) return document.tree;
  const scope = { ...document, resolved: new Map() };
  const others = new Map<string, Scope>();
  const names = Object.keys(mapAt(scope.tree, 'services'));
  const services = names.map((name) => [name, resolve(reading, scope, name, [], others)]);
  return { ...scope.tree, services: Object.fromEntries(services) };
}

function resolve(reading: Reading, scope: Scope, name: string, chain: string[], others: Map<string, Scope>): Tree {
  const service = mapAt(scope.tree, 'services')[name] ?? null;
  if (!isMap(service) || !Object.hasOwn(service, 'extends')) return service;
  const { extends: reference, ...own } = service;
  const where = `services.${name}.extends`;
  const known = scope.resolved.get(name);
  if (known !== undefined) return known;
  const link = `${name} (${scope.file})`;
  if (chain.length > limits.extendsChain) {
    reading.findings.mistake(where, `more than ${limits.extendsChain} services extend one another in a row`);
    return own;
  }
  if (chain.includes(link)) {
    const circle = [...chain.slice(chain.indexOf(link)), link];
    reading.findings.mistake(where, `services extend each other in a circle: ${circle.join(' → ')}`);
    return own;
  }
  const target = readReference(reading, reference ?? null, where);
  if (!target) return own;
  const base = target.file === undefined ? scope : otherScope(reading, target.file, where, others);
  if (!base) return own;
  if (!Object.hasOwn(mapAt(base.tree, 'services'), target.service)) {
    reading.findings.mistake(where, `there is no service ${target.service} in ${base.file}`);
    return own;
  }
  const found = resolve(reading, base, target.service, [...chain, link], others);
  const kept = mapAt(applyResets({ services: { [name]: found } }, scope.resets), 'services')[name];
  const whole = isMap(kept ?? null) ? mergeService(kept as TreeMap, own, name, reading.findings) : own;
  scope.resolved.set(name, whole);
  return whole;
}

function readReference(reading: Reading, reference: Tree, where: string) {
  if (typeof reference === 'string') return { service: reference, file: undefined };
  const unknown = isMap(reference) && Object.keys(reference).some((key) => !['service', 'file'].includes(key));
  if (!isMap(reference) || unknown || typeof reference.service !== 'string') {
    reading.findings.mistake(where, 'must be the name of a service, or a map of service and file');
    return undefined;
  }
  const { service, file } = reference;
  if (file === undefined || file === null) return { service, file: undefined };
  const path = typeof file === 'string' ? resolvePath('.', file) : undefined;
  if (path === undefined) {
    reading.findings.mistake(`${where}.file`, 'must be a file of the bundle: nothing outside of it is read');
    return undefined;
  }
  return { service, file: path };
}

/** Another file as `extends` sees it: merged from its documents, its `extends` still open, nothing included. */
function otherScope(reading: Reading, file: string, where: string, others: Map<string, Scope>): Scope | undefined {
  const known = others.get(file);
  if (known) return known;
  const layers = layersOf(reading, file, where);
  if (layers.length === 0) return undefined;
  let tree: TreeMap = {};
  for (const layer of layers) {
    const text = interpolate(layer.tree, reading.lookup, reading.findings) as TreeMap;
    const rebased = rebase(text, directoryOf(file));
    tree = mergeDocuments(applyResets(tree, layer.resets), rebased, reading.findings);
  }
  const scope = { file, tree, resets: layers.flatMap((layer) => layer.resets), resolved: new Map() };
  others.set(file, scope);
  return scope;
}
