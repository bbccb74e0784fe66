import { parse } from 'pg-connection-string';
import type { components } from '../../openapi/types.ts';

type Schemas = components['schemas'];

/** How a source is reached, and how gently; holds secrets. Structured-clonable: worker threads open it too. */
export interface SourceAddress {
  url: string;
  /** Replicas of it, which are read instead where they can be: URLs, each as the one above. */
  replicas?: string[];
  /** The URL is a replica's. */
  isReplica?: boolean;
  /** What is captured of it; all where none is named. */
  schemas?: string[];
  tls?: Schemas['SourceTls'];
  ssh?: Schemas['NewSourceSsh'];
  /** The socket of the SSH agent that greenroom was started with. */
  agentSocket?: string;
  limits?: Schemas['SourceLimits'];
  /** The network address that the host's name has stood for since the reading began. */
  pinned?: string;
  /** What it is called in messages, where that is not host:port. */
  name?: string;
  /** The folder of an open relay that all goes through instead; it sees to TLS and SSH. */
  relay?: string;
}

/** Where the server listens, as seen from greenroom or from the last SSH host. A host that begins with / is a socket's folder. */
export function serverAddressOf({ url }: Pick<SourceAddress, 'url'>): { host: string; port: number } {
  const { host, port } = parse(url);
  return { host: host || 'localhost', port: Number(port || 5432) };
}

/** host:port, for messages. */
export function serverOf(address: Pick<SourceAddress, 'url' | 'name'>): string {
  if (address.name !== undefined) return address.name;
  const { host, port } = serverAddressOf(address);
  return `${host}:${port}`;
}
