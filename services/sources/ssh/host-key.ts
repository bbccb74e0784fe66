import { createHash } from 'node:crypto';

/** A host's key as it was pinned: by its fingerprint; its type is known where the key itself was given. */
export interface PinnedKey {
  fingerprint: string;
  type?: string;
}

/** As ssh-keygen -l prints it. @param key in the format of RFC 4253, 6.6, whose first field is its type. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

export function keyTypeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.subarray(4, 4 + length).toString('latin1');
}

/** Reads `ssh-ed25519 AAAA…` (a host name before it and a comment after it may stay) or `SHA256:…`; undefined: neither. */
export function pinnedKeyOf(text: string): PinnedKey | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length === 1 && /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(words[0]!)) {
    return { fingerprint: words[0]!.replace(/=$/, '') };
  }
  const at = words.findIndex((word) => word.startsWith('AAAA'));
  if (at < 1) return undefined;
  const key = Buffer.from(words[at]!, 'base64');
  const type = keyTypeOf(key);
  return type === words[at - 1] ? { fingerprint: fingerprintOf(key), type } : undefined;
}

/** Signatures over a host key, best first; SHA-1's is not among them. */
const algorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/** A host shows one of its keys: it is asked for the pinned one first. */
export function algorithmsFor({ type = '' }: PinnedKey): string[] {
  const isPinned = (algorithm: string) => algorithm === type || (type === 'ssh-rsa' && algorithm.startsWith('rsa-'));
  return [...algorithms.filter(isPinned), ...algorithms.filter((algorithm) => !isPinned(algorithm))];
}
