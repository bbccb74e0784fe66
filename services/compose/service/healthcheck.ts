import type { ServicePlan } from '../plan.ts';
import { isMap, textOf } from '../tree.ts';
import { readDuration } from './duration.ts';
import type { ServiceScope } from './scope.ts';
import { readBoolean, readInteger } from './values.ts';

/** Source: Compose Specification, "healthcheck". A text is run by the image's shell. Zero durations mean Docker's default. */
export function readHealthcheck(scope: ServiceScope): ServicePlan['healthcheck'] {
  const { healthcheck } = scope.service;
  if (!isMap(healthcheck ?? null)) return undefined;
  const check = healthcheck as Record<string, never>;
  const where = `${scope.where}.healthcheck`;
  const { findings } = scope;
  if (readBoolean(check.disable, `${where}.disable`, findings)) return { test: ['NONE'] };
  const test = readTest(scope, where);
  if (test?.[0] === 'NONE') return { test: ['NONE'] };
  const duration = (key: string) => readDuration(check[key], `${where}.${key}`, findings) || undefined;
  const plan = {
    test,
    intervalMs: duration('interval'),
    timeoutMs: duration('timeout'),
    startPeriodMs: duration('start_period'),
    startIntervalMs: duration('start_interval'),
    retries: readInteger(check.retries, `${where}.retries`, findings, { min: 0 }) || undefined,
  };
  const given = Object.entries(plan).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function readTest(scope: ServiceScope, where: string): string[] | undefined {
  const test = (scope.service.healthcheck as Record<string, never>).test as unknown;
  if (test === undefined || test === null) return undefined;
  if (typeof test === 'string') return test === '' ? undefined : ['CMD-SHELL', test];
  const list = (test as never[]).map((word) => textOf(word));
  if (list.length === 0) return undefined;
  if (['CMD', 'CMD-SHELL', 'NONE'].includes(list[0] ?? '') && (list[0] === 'NONE' || list.length > 1)) return list;
  scope.findings.mistake(
    `${where}.test`,
    'a list must start with CMD, CMD-SHELL or NONE, and name a command after CMD and CMD-SHELL',
  );
  return undefined;
}
