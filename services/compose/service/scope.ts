import type { Findings } from '../findings.ts';
import type { Bundle, ReleaseService } from '../plan.ts';
import type { Lookup } from '../read/interpolate.ts';
import type { TreeMap } from '../tree.ts';

/** What a part of one service's plan is made from. */
export interface ServiceScope {
  name: string;
  /** `services.web` */
  where: string;
  service: TreeMap;
  /** The whole document, schema-valid: its networks, volumes, secrets, configs. */
  model: TreeMap;
  bundle: Bundle;
  lookup: Lookup;
  release: ReleaseService | undefined;
  /** The plan is of a release, so every service needs an image now. */
  released: boolean;
  findings: Findings;
  /** Whether the project's administrator allowed this very thing, such as `services.web.privileged`. */
  allowed(thing: string): boolean;
}
