import type { components } from './types.ts';

export type Backup = components['schemas']['Backup'];
export type DeploymentPolicy = components['schemas']['DeploymentPolicy'];
export type Drill = components['schemas']['Drill'];
export type MaskingPolicy = components['schemas']['MaskingPolicy'];
export type MaskingReport = components['schemas']['MaskingReport'];
export type Problem = components['schemas']['Problem'];
export type StackDetail = components['schemas']['StackDetail'];
export type Snapshot = components['schemas']['Snapshot'];
