import { createAllowed } from './allow.ts';
import { checkSchema } from './check/schema.ts';
import { connectServices } from './connect.ts';
import { createFindings, type Findings } from './findings.ts';
import { deriveIngress } from './ingress.ts';
import { siftKeys } from './keys/sift.ts';
import { orderServices } from './order.ts';
import { checkCounts, planNetworks, planVolumes } from './parts.ts';
import type { Bundle, ReleaseService, StackPlan } from './plan.ts';
import { activeServices } from './profiles.ts';
import { checkBundle, directoryOf } from './read/bundle.ts';
import type { Lookup } from './read/interpolate.ts';
import { readModel } from './read/model.ts';
import { readProjectVariables } from './read/variables.ts';
import { checkSection, namedServices, readSection } from './section.ts';
import { finish, readService } from './service/service.ts';
import { mapAt, type TreeMap } from './tree.ts';

export interface LoadOptions {
  /** What `${X}` means; over the bundle's `.env`. */
  variables: Record<string, string>;
  /** Active profiles, `*` for all; where undefined, those of the variable COMPOSE_PROFILES. */
  profiles?: string[];
  /** Images and variables; where undefined, the plan is of the project alone and may lack images that a release brings. */
  release?: Record<string, ReleaseService>;
  /** What the project's administrator allowed besides, such as `services.db.privileged`; all forms are in allow.ts. */
  allow?: string[];
}

/**
 * Turns a bundle of Compose files into the plan of a stack. Reads nothing but the bundle.
 *
 * Throws a Problem `compose-invalid` whose `errors` are all mistakes of the stage that found any: the bundle, reading
 * (YAML, variables, extends, include, merging), the Compose schema, and last everything that a stack needs. Every key
 * of the file is honoured, or replaced and reported in `replaced`, or refused by name and place.
 */
export function loadCompose(bundle: Bundle, options: LoadOptions): StackPlan {
  const findings = createFindings();
  checkBundle(bundle, findings);
  findings.settle();
  const { model, lookup } = readBundleModel(bundle, options.variables, findings);
  findings.settle();
  checkCounts(model, findings);
  findings.settle();
  checkSchema(model, findings);
  findings.settle();
  return planStack(bundle, model, lookup, options, findings);
}

function readBundleModel(bundle: Bundle, variables: Record<string, string>, findings: Findings) {
  const directory = directoryOf(bundle.composeFiles[0] ?? '');
  const reading = { bundle, findings, directory, parsed: new Map() };
  const lookup = readProjectVariables(reading, variables);
  return { model: readModel({ ...reading, lookup }, bundle.composeFiles), lookup };
}

function planStack(
  bundle: Bundle,
  model: TreeMap,
  lookup: Lookup,
  options: LoadOptions,
  findings: Findings,
): StackPlan {
  const profiles = options.profiles ?? (lookup('COMPOSE_PROFILES') ?? '').split(',').filter((one) => one !== '');
  const active = activeServices(model, profiles, namedServices(model), findings);
  if (active.size === 0) findings.mistake('services', 'there is no service to run');
  const { services: _, ...topLevel } = model;
  siftKeys('file', topLevel, '', findings);

  const releases = options.release ?? {};
  for (const name of Object.keys(releases))
    if (!Object.hasOwn(mapAt(model, 'services'), name))
      findings.mistake(`release.${name}`, 'the release names a service that the file does not have');
  const allowed = createAllowed(options.allow ?? [], findings);
  const drafts = [...active].map(([name, service]) => {
    const where = `services.${name}`;
    siftKeys('service', service, where, findings);
    const release = Object.hasOwn(releases, name) ? releases[name] : undefined;
    const scope = {
      name,
      where,
      service,
      model,
      bundle,
      lookup,
      release,
      released: options.release !== undefined,
      findings,
      allowed,
    };
    return { scope, draft: readService(scope) };
  });
  connectServices(drafts, findings);
  const plans = drafts.map(({ draft }) => draft);
  const services = orderServices(plans, findings);

  const section = readSection(model, findings);
  if (section) checkSection(section, model, new Set(active.keys()), findings);
  const except = [section?.database?.service, section?.migrations?.service].filter((name) => name !== undefined);
  const ingress = section?.ingress ?? deriveIngress(active, except, findings);
  const networks = planNetworks(model, services, findings);
  const volumes = planVolumes(model, services, findings);
  findings.settle();
  const greenroom = { ...section, ingress };
  return { services: services.map(finish), networks, volumes, greenroom, replaced: findings.replaced };
}
