import type { Findings } from './findings.ts';
import type { Dependency } from './plan.ts';

interface Ordered {
  name: string;
  dependsOn: Dependency[];
}

/**
 * Puts services in an order in which each comes after everything it depends on; those that could go either way keep
 * the order of the file. A circle is a mistake that names it: `a → b → a`.
 */
export function orderServices<T extends Ordered>(services: readonly T[], findings: Findings): T[] {
  const byName = new Map(services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const ordered: T[] = [];

  function visit(service: T, chain: string[]): void {
    if (done.has(service.name)) return;
    const start = chain.indexOf(service.name);
    if (start >= 0) {
      const circle = [...chain.slice(start), service.name];
      findings.mistake(`services.${service.name}.depends_on`, `services depend on each other: ${circle.join(' → ')}`);
      return;
    }
    for (const { service: name } of service.dependsOn) {
      const other = byName.get(name);
      if (other) visit(other, [...chain, service.name]);
    }
    if (done.has(service.name)) return;
    done.add(service.name);
    ordered.push(service);
  }

  for (const service of services) visit(service, []);
  return ordered;
}
