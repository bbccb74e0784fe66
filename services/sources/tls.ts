import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { parse } from 'pg-connection-string';
import type { components } from '../../openapi/types.ts';
import { type Mistake, messageOf, Problem } from '../errors.ts';
import { type SourceAddress, serverAddressOf, serverOf } from './address.ts';
import { connectTimeoutMs } from './line.ts';

type SourceTls = components['schemas']['SourceTls'];

/** The message that asks a Postgres server for TLS (protocol 3, SSLRequest); it answers S or N. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Refuses what could only fail later, or would verify nothing. @throws Problem `invalid-request` */
export function checkTls({ ca, mode }: SourceTls): void {
  const invalid = (detail: string, where: string) => new Problem('invalid-request', detail, { where });
  if (mode === 'disable' && ca !== undefined) throw invalid('A CA is of no use without TLS', '/tls/mode');
  if (mode === 'verify-ca' && ca === undefined) {
    throw invalid('verify-ca needs the CA: anybody can have a certificate of a well-known one', '/tls/ca');
  }
  if (ca === undefined) return;
  try {
    // One certificate at a time: the first that cannot be read would otherwise hide behind a good one.
    const certificates = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (certificates.length === 0) throw new Error('it holds no BEGIN CERTIFICATE');
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (error) {
    throw invalid(`The CA's certificate cannot be read: ${messageOf(error)}`, '/tls/ca');
  }
}

/**
 * Encrypts a new connection to a source's server and verifies whose it is, as the address asks. What asks for TLS never
 * goes on without it.
 *
 * @throws Problem `source-unreachable` when the certificate does not hold, `source-refused` when the server has no TLS.
 */
export async function secure(stream: Duplex, address: SourceAddress): Promise<Duplex> {
  const options = optionsOf(address);
  if (!options) return stream;
  const server = serverOf(address);
  const late = AbortSignal.timeout(connectTimeoutMs);
  let encrypted: tls.TLSSocket | undefined;
  try {
    if (!options.ALPNProtocols) {
      stream.write(sslRequest);
      const answer = await next<Buffer>(stream, 'data', late);
      // More than the one byte would be somebody's in between, and be taken for what came encrypted.
      if (answer.length !== 1 || answer[0] !== 0x53) throw withoutTls(server);
    }
    encrypted = tls.connect({ ...options, socket: stream });
    encrypted.on('error', () => {});
    await next(encrypted, 'secureConnect', late);
    return encrypted;
  } catch (error) {
    encrypted?.destroy();
    throw tlsProblem(error, server);
  }
}

/** The next event of a stream. @throws its error; or Error when it closes before that, or it is too late. */
function next<T>(stream: Duplex, event: string, late: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    stream.once(event, resolve).once('error', reject);
    stream.once('close', () => reject(new Error('the server closed the connection')));
    late.addEventListener('abort', () => reject(new Error(`no answer within ${connectTimeoutMs} ms`)), { once: true });
  });
}

/** undefined: without TLS. */
function optionsOf(address: SourceAddress): tls.ConnectionOptions | undefined {
  if (address.relay !== undefined) return undefined;
  const { ssl, sslnegotiation } = parse(address.url);
  const { ca, serverName, mode = ca === undefined ? undefined : 'verify-full' } = address.tls ?? {};
  if (mode === 'disable' || (mode === undefined && !ssl)) return undefined;
  const { rejectUnauthorized, checkServerIdentity, ...fromUrl } = (
    typeof ssl === 'object' ? ssl : {}
  ) as tls.ConnectionOptions;
  const trusted = ca ?? fromUrl.ca;
  const verified: tls.ConnectionOptions =
    mode === undefined
      ? {
          ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
          ...(checkServerIdentity === undefined ? {} : { checkServerIdentity }),
        }
      : {
          // As libpq: with a CA, `require` verifies what it can.
          rejectUnauthorized: mode !== 'require' || trusted !== undefined,
          ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
        };
  const name = serverName ?? serverAddressOf(address).host;
  return {
    ...fromUrl,
    ...(trusted === undefined ? {} : { ca: trusted }),
    ...verified,
    host: name,
    // SNI holds no addresses (RFC 6066, 3).
    ...(net.isIP(name) ? {} : { servername: name }),
    ...(sslnegotiation === 'direct' ? { ALPNProtocols: ['postgresql'] } : {}),
  };
}

/** How the certificate of a source's server is verified, for reports; `disable` is plain text. */
export function tlsModeOf(address: SourceAddress): NonNullable<SourceTls['mode']> {
  const options = optionsOf(address);
  if (!options) return 'disable';
  if (options.rejectUnauthorized === false) return 'require';
  return options.checkServerIdentity ? 'verify-ca' : 'verify-full';
}

/** Whether whoever is on the way to a server can read along: nothing encrypts, and it goes over a network. */
function isInTheClear(address: SourceAddress): boolean {
  const { host } = serverAddressOf(address);
  const staysHere = host.startsWith('/') || host === 'localhost' || /^(127\.|::1$|\[::1\]$)/.test(host);
  return address.ssh === undefined && address.relay === undefined && !staysHere && tlsModeOf(address) === 'disable';
}

/** A warning where the rows of a server pass a network unmasked, as plain text. */
export function inTheClear(address: SourceAddress): Mistake[] {
  if (!isInTheClear(address)) return [];
  return [
    {
      where: serverOf(address),
      what: 'is read without TLS: rows pass the network unmasked, for anybody on the way to read',
      remedy: 'Add sslmode=verify-full to the source’s URL, or give its tls or ssh',
    },
  ];
}

function withoutTls(server: string): Problem {
  return new Problem('source-refused', `${server} does not speak TLS, and greenroom does not go on without it`, {
    where: server,
    remedy: 'Turn `ssl` on in the server; or, where the way to it is safe, set the source’s tls.mode to disable.',
  });
}

/** By Node's codes of a failed verification, which are OpenSSL's. */
const remedies: Record<string, [what: string, remedy: string]> = {
  CERT_HAS_EXPIRED: ['its certificate, or its CA’s, has expired', 'Renew the certificate on the server.'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Check the clocks of the server and of greenroom’s host.'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another host name',
    'Give the name that the certificate has as the source’s tls.serverName, or have a certificate made for this one.',
  ],
};

function tlsProblem(error: unknown, server: string): Problem {
  if (error instanceof Problem) return error;
  const { code = '' } = error as { code?: string };
  const distrusted = (what: string, remedy: string) =>
    new Problem('source-unreachable', `${server} was not trusted: ${what}`, { where: server, remedy });
  const known = remedies[code];
  if (!known && /CERT|ISSUER|SIGNATURE/.test(code)) {
    // Node's own message says no more, and then how to start Node.
    return distrusted(
      `its certificate is not of the CA that is trusted (${code})`,
      'Give the certificate of the CA that signed it as the source’s tls.ca; if that should be it, somebody else may be answering.',
    );
  }
  const [what, remedy] = known ?? ['TLS could not be agreed on', 'The message names the reason.'];
  return distrusted(`${what}: ${messageOf(error)}${code && ` (${code})`}`, remedy);
}
