import { argon2Sync, pbkdf2Sync, scryptSync } from 'node:crypto';
import bcrypt from 'bcryptjs';
import type { Kind, MaskRule, Materials } from '../kind.ts';
import { append } from '../rows/sink.ts';

type Scheme = (password: string, salt: Buffer) => string;

/** The parameters that OWASP's Password Storage Cheat Sheet recommends for each. */
const schemes: Record<string, Scheme> = {
  /** PHC string format, as `argon2` libraries of Rust, Python, Node and PHP write and read it (RFC 9106). */
  argon2id: (password, salt) => {
    const [memory, passes, parallelism, tagLength] = [19_456, 2, 1, 32];
    const hash = argon2Sync('argon2id', { message: password, nonce: salt, memory, passes, parallelism, tagLength });
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
  },
  /** PHC string format, as RustCrypto and passlib write it. */
  scrypt: (password, salt) => {
    const hash = scryptSync(password, salt, 32, { N: 2 ** 16, r: 8, p: 2, maxmem: 2 ** 27 });
    return `$scrypt$ln=16,r=8,p=2$${unpadded(salt)}$${unpadded(hash)}`;
  },
  /** PHC string format, as RustCrypto writes it. */
  'pbkdf2-sha256': (password, salt) => {
    const hash = pbkdf2Sync(password, salt, 600_000, 32, 'sha256');
    return `$pbkdf2-sha256$i=600000,l=32$${unpadded(salt)}$${unpadded(hash)}`;
  },
  /**
   * Modular crypt format, 60 characters; it counts the first 72 bytes of a password only. `$2a$` and `$2b$` are the same
   * for those, and the older one is read everywhere: pgcrypto knows no other.
   */
  bcrypt: (password, salt) => bcrypt.hashSync(password, `$2a$12$${bcrypt.encodeBase64(salt, 16)}`),
  /** Django 5.1's default: the salt is text, and is hashed as it is written. */
  django: (password, salt) => {
    const text = salt.toString('hex').slice(0, 22);
    const hash = pbkdf2Sync(password, text, 870_000, 32, 'sha256');
    return `pbkdf2_sha256$870000$${text}$${hash.toString('base64')}`;
  },
};

/** How long a column has to be: 97 characters for argon2id. */
const lengthOf = (scheme: unknown) => (scheme === 'bcrypt' ? 60 : 100);

/**
 * One password hash that works, in every row: whoever tests can sign in as any masked user with the staging password.
 * Salts come from the snapshot key, so that the same policy gives the same hash.
 */
export const password: Kind = {
  summary: 'One working hash of the staging `password` by `scheme`, in every row',
  holds: ['text'],
  options: {
    password: { type: 'string', minLength: 1 },
    scheme: { enum: Object.keys(schemes) },
  },
  required: ['password', 'scheme'],
  unique: 'never',
  misfit: ({ scheme }, { limit }) =>
    limit !== undefined && limit < lengthOf(scheme)
      ? {
          what: `is too short for a hash of ${scheme}, which needs ${lengthOf(scheme)} characters`,
          remedy: 'Use a scheme whose hash it holds, or constant',
        }
      : undefined,
  fixed: hashOf,
  create: (materials, rule) => {
    const hash = Buffer.from(hashOf(materials, rule));
    return (_bytes, _start, _end, out) => append(out, hash);
  },
};

/** A hash takes a tenth of a second, and a large table is masked in many parts. */
const made = new Map<string, string>();

function hashOf(materials: Pick<Materials, 'key'>, rule: MaskRule): string {
  const [text, scheme] = [String(rule.password), String(rule.scheme)];
  const salt = materials.key(`password:${scheme}`).subarray(0, 16);
  const id = JSON.stringify([scheme, text, salt.toString('hex')]);
  const hash = made.get(id) ?? schemes[scheme]!(text, salt);
  made.set(id, hash);
  return hash;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
