import { createHmac } from 'node:crypto';
import { Problem } from '../../errors.ts';

/** A key shorter than the hash's output would be its weakest part (RFC 2104, section 3). */
export const minimumKeyBytes = 32;

/**
 * Masking without a secret key is undone by hashing a phone book, so there is no default.
 *
 * @throws Problem `policy-invalid` when the key is missing or shorter than 32 bytes.
 */
export function requireKey(key: Uint8Array | undefined): asserts key is Uint8Array {
  if (key && key.length >= minimumKeyBytes) return;
  throw new Problem(
    'policy-invalid',
    key ? `The masking key has ${key.length} bytes; it needs ${minimumKeyBytes} at least` : 'There is no masking key',
    { where: 'key', remedy: 'POST /v1/projects/PROJECT/sources/SOURCE/key gives the source a key of 32 random bytes' },
  );
}

/** Names a key in reports without telling anything about it. */
export function keyId(key: Uint8Array): string {
  return createHmac('sha256', key).update('greenroom:key-id').digest('hex').slice(0, 16);
}

/** The key of one domain (a semantic type such as `email`): what is learnt about one says nothing about another. */
export function domainKey(key: Uint8Array, domain: string): Buffer {
  return createHmac('sha256', key).update(`greenroom:mask:1:${domain}`).digest();
}
