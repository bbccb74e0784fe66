/** Names and labels of everything greenroom creates on an engine. Clean-up goes by label, never by name. */

export const label = {
  installation: 'greenroom.installation',
  kind: 'greenroom.kind',
  stack: 'greenroom.stack',
  snapshot: 'greenroom.snapshot',
  backup: 'greenroom.backup',
  service: 'greenroom.service',
  volume: 'greenroom.volume',
  network: 'greenroom.network',
  image: 'greenroom.image',
  password: 'greenroom.password',
} as const;

export const composeLabel = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  configHash: 'com.docker.compose.config-hash',
  containerNumber: 'com.docker.compose.container-number',
  oneoff: 'com.docker.compose.oneoff',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  version: 'com.docker.compose.version',
  configFiles: 'com.docker.compose.project.config_files',
  workingDir: 'com.docker.compose.project.working_dir',
  image: 'com.docker.compose.image',
} as const;

export type Kind = 'helper' | 'work' | 'cluster' | 'capture' | 'dump' | 'snapshot' | 'backup' | 'stack' | 'probe';

/** The labels of a thing of this installation; `more` names what it belongs to. */
export function labelsOf(installation: string, kind: Kind, more: Record<string, string> = {}): Record<string, string> {
  return { [label.installation]: installation, [label.kind]: kind, ...more };
}

/** The engine's filter for things that carry every one of these labels (an empty value: any value). */
export function labelFilter(labels: Record<string, string>): { label: string[] } {
  return { label: Object.entries(labels).map(([key, value]) => (value === '' ? key : `${key}=${value}`)) };
}

/** `gr-<installation>-<parts…>`, the start of every name. */
export function nameOf(installation: string, ...parts: string[]): string {
  return ['gr', installation, ...parts].join('-');
}
