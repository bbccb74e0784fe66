import type { Host } from './host.ts';

/**
 * Docker's default address pools run out at the 31st bridge network, so greenroom allocates every subnet itself:
 * /26 blocks (59 containers each) of one private range.
 */
export const defaultSubnetRange = '10.213.0.0/16';
const blockBits = 26;

/** The blocks of a range, as CIDR. @throws RangeError when `range` is not an IPv4 CIDR of /26 or larger. */
export function* blocksOf(range: string): Generator<string> {
  const [start, end] = boundsOf(range);
  const size = 2 ** (32 - blockBits);
  if (end - start + 1 < size) throw new RangeError(`${range} is smaller than a /${blockBits}`);
  for (let address = start; address + size - 1 <= end; address += size) yield `${toDotted(address)}/${blockBits}`;
}

export function overlaps(a: string, b: string): boolean {
  const [startA, endA] = boundsOf(a);
  const [startB, endB] = boundsOf(b);
  return startA <= endB && startB <= endA;
}

/** Subnets that any network on the engine uses, greenroom's or not. */
export async function subnetsInUse(host: Pick<Host, 'docker'>): Promise<string[]> {
  const networks = await host.docker.listNetworks();
  return networks.flatMap((network) =>
    (network.IPAM?.Config ?? []).flatMap((config) => (config.Subnet?.includes('.') ? [config.Subnet] : [])),
  );
}

export interface NetworkSpec {
  name: string;
  subnet: string;
  internal: boolean;
  labels: Record<string, string>;
  /** Containers on it cannot reach each other, only be reached by the host. */
  isolated?: boolean;
}

/**
 * Creates a bridge network. Its gateway is said because an engine that chooses it, and is killed while it removes the
 * network, cannot start any more (20.10 panics in `reservePools`).
 *
 * @throws the engine's 403 when the subnet overlaps with another network's, 409 for the name.
 */
export async function createNetwork(host: Pick<Host, 'docker'>, spec: NetworkSpec): Promise<void> {
  await host.docker.createNetwork({
    Name: spec.name,
    CheckDuplicate: true,
    Driver: 'bridge',
    Internal: spec.internal,
    IPAM: { Driver: 'default', Config: [{ Subnet: spec.subnet, Gateway: toDotted(boundsOf(spec.subnet)[0] + 1) }] },
    Labels: spec.labels,
    ...(spec.isolated ? { Options: { 'com.docker.network.bridge.enable_icc': 'false' } } : {}),
  });
}

function boundsOf(cidr: string): [number, number] {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  if (!match) throw new RangeError(`${cidr} is not an IPv4 range such as 10.213.0.0/16`);
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number];
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const start = address - (address % size);
  return [start, start + size - 1];
}

function toDotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
