import { composeLabel, label, labelsOf, nameOf } from '../engine/labels.ts';

/** What a stack is called on its engine; `docker compose ls` shows it under this name. */
export function composeProjectOf(installation: string, stack: string): string {
  return nameOf(installation, stack);
}

/** With `_` between them, which no stack's name has: `s-a` and `b` are not `s` and `a-b`. */
export function containerNameOf(installation: string, stack: string, service: string): string {
  return `${composeProjectOf(installation, stack)}_${service}-1`;
}

export function networkNameOf(installation: string, stack: string, network: string): string {
  return `${composeProjectOf(installation, stack)}_${network}`;
}

export function volumeNameOf(installation: string, stack: string, volume: string): string {
  return `${composeProjectOf(installation, stack)}_${volume}`;
}

/** greenroom's labels and Compose's, so that `docker compose ps` and `logs` know the stack too. */
export function stackLabels(installation: string, stack: string): Record<string, string> {
  return labelsOf(installation, 'stack', {
    [label.stack]: stack,
    [composeLabel.project]: composeProjectOf(installation, stack),
    [composeLabel.version]: '2.40.0',
  });
}
