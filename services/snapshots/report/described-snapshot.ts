import { createRequire } from 'node:module';
import type { MaskingReport } from '../../../openapi/aliases.ts';

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };

/** What a report is about: the file by itself says it, wherever somebody has put it. */
export function describeSnapshot(
  { id, project, source }: { id: string; project: string; source: string },
  requestedBy: string,
): NonNullable<MaskingReport['of']> {
  return { snapshot: id, project, source, requestedBy, greenroom: version };
}
