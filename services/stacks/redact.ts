import type { StackPlan } from '../compose/plan.ts';

const secretKey = /pass|secret|token|key|credential|dsn|url|auth|private/i;
/** Shorter values would blank out ordinary words. */
const minLength = 6;

/**
 * Blanks out in a service's output what its plan holds as secrets: values of variables whose names say so, passwords
 * of the database's roles, and passwords within URLs.
 */
export function redactor(plan: Pick<StackPlan, 'services' | 'greenroom'>): (text: string) => string {
  const secrets = new Set<string>();
  for (const service of plan.services) {
    for (const [key, value] of Object.entries(service.environment)) {
      if (secretKey.test(key) && value.length >= minLength) secrets.add(value);
    }
    for (const mount of service.mounts) {
      if (
        mount.type === 'file' &&
        mount.target.startsWith('/run/secrets/') &&
        mount.content.trim().length >= minLength
      ) {
        secrets.add(mount.content.trim());
      }
    }
  }
  const { database } = plan.greenroom;
  for (const role of [database?.owner, ...(database?.roles ?? [])]) {
    if (role && role.password.length >= minLength) secrets.add(role.password);
  }
  // Longest first: one secret may contain another.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => {
    let result = text;
    for (const secret of ordered) result = result.replaceAll(secret, '***');
    return result.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:)[^\s@]+@/gi, '$1***@');
  };
}
