import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policySchema } from '../services/masking/policy/policy.ts';

/** Writes the JSON schema of a masking policy where editors and people find it. */
const file = join(import.meta.dirname, '../docs/masking-policy.schema.json');
writeFileSync(file, `${JSON.stringify(policySchema, null, 2)}\n`);
