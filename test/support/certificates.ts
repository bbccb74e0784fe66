import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certification authority of a test's own. */
export interface Authority {
  /** Its certificate, in PEM. */
  certificate: string;
  /** A key and a certificate in PEM. @param names as in subjectAltName: `DNS:db.example`, `IP:10.0.0.1` */
  issue(names: string, expired?: 'expired'): Promise<{ key: string; certificate: string }>;
}

const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export async function createAuthority(): Promise<Authority> {
  const inFolder = async <T>(
    work: (openssl: (...words: string[]) => Promise<unknown>, folder: string) => Promise<T>,
  ) => {
    const folder = await mkdtemp(join(tmpdir(), 'greenroom-ca-'));
    const openssl = (...words: string[]) => run('openssl', words, { cwd: folder });
    return work(openssl, folder).finally(() => rm(folder, { recursive: true }));
  };
  const read = (folder: string, name: string) => readFile(join(folder, name), 'utf8');
  const own = await inFolder(async (openssl, folder) => {
    await openssl(
      ...['req', '-x509', ...elliptic, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=test CA'],
    );
    return { key: await read(folder, 'ca.key'), certificate: await read(folder, 'ca.pem') };
  });
  return {
    certificate: own.certificate,
    issue: (names, expired) =>
      inFolder(async (openssl, folder) => {
        await writeFile(join(folder, 'ca.key'), own.key);
        await writeFile(join(folder, 'ca.pem'), own.certificate);
        await writeFile(join(folder, 'names'), `subjectAltName=${names}`);
        await openssl('req', ...elliptic, '-keyout', 'server.key', '-out', 'request', '-subj', '/CN=server');
        // openssl x509 takes a number of days that ends before it begins, too.
        await openssl(
          ...['x509', '-req', '-in', 'request', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
          ...['-extfile', 'names', '-out', 'server.pem', '-days', expired ? '-1' : '30'],
        );
        return { key: await read(folder, 'server.key'), certificate: await read(folder, 'server.pem') };
      }),
  };
}
