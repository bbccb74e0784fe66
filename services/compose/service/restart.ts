import type { ServicePlan } from '../plan.ts';
import { mapAt, textOf } from '../tree.ts';
import type { ServiceScope } from './scope.ts';
import { readInteger } from './values.ts';

const policies = ['no', 'always', 'on-failure', 'unless-stopped'] as const;
const conditions = new Map<string, (typeof policies)[number]>([
  ['none', 'no'],
  ['on-failure', 'on-failure'],
  ['any', 'always'],
]);

/**
 * `restart: on-failure:3`, or else `deploy.restart_policy`; by default none.
 * Source: Compose Specification, "restart", and Deploy Specification, "restart_policy" (whose default is `any`).
 */
export function readRestart(scope: ServiceScope): ServicePlan['restart'] {
  const { service, findings, where } = scope;
  const text = textOf(service.restart);
  if (text !== '') {
    const [policy, retries] = text.split(':');
    const known = policies.find((one) => one === policy);
    if (known && retries === undefined) return { policy: known };
    if (known === 'on-failure' && /^\d{1,6}$/.test(retries ?? ''))
      return { policy: known, maxRetries: Number(retries) };
    findings.mistake(`${where}.restart`, `must be one of ${policies.join(', ')}, or on-failure:N`);
    return { policy: 'no' };
  }
  const deploy = mapAt(service, 'deploy');
  if (!Object.hasOwn(deploy, 'restart_policy')) return { policy: 'no' };
  const rule = mapAt(deploy, 'restart_policy');
  const at = `${where}.deploy.restart_policy`;
  const policy = conditions.get(textOf(rule.condition) || 'any');
  if (!policy) findings.mistake(`${at}.condition`, `must be one of ${[...conditions.keys()].join(', ')}`);
  const maxRetries = readInteger(rule.max_attempts, `${at}.max_attempts`, findings, { min: 0 });
  if (policy === 'on-failure' && maxRetries) return { policy, maxRetries };
  return { policy: policy ?? 'no' };
}
