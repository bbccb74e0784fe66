import type { MaskingReport } from '../../openapi/aliases.ts';

/** What a stack needs to know of the cluster in a snapshot's volume before it starts its own server on a clone of it. */
export type TargetFacts = MaskingReport['target'];
