import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Seals what must not be read in greenroom's database: AES-256-GCM, `nonce(12) ‖ tag(16) ‖ ciphertext`. */
export interface Sealer {
  seal(plain: string | Buffer): Buffer;
  /** @throws Error when the text was sealed with another key or has been altered. */
  open(sealed: Buffer): Buffer;
}

export function sealerOf(key: Buffer): Sealer {
  return {
    seal(plain) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open(sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
      decipher.setAuthTag(sealed.subarray(12, 28));
      return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
    },
  };
}

/** A file of greenroom's home that holds a secret made at the first start; readable by its owner only. */
export async function secretFile(home: string, name: string, bytes = 32): Promise<Buffer> {
  const path = join(home, name);
  await mkdir(home, { recursive: true, mode: 0o700 });
  try {
    // `wx`: of two processes that start at once, one makes it and both read the same.
    await writeFile(path, randomBytes(bytes).toString('base64'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const secret = Buffer.from(await readFile(path, 'utf8'), 'base64');
  if (secret.length !== bytes)
    throw new Error(`${path} does not hold ${bytes} bytes in base64; restore it from a backup`);
  return secret;
}
