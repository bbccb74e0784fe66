import type pg from 'pg';
import { type Database, query, queryOne } from '../database/queries.ts';
import { inTransaction } from '../database/transaction.ts';
import { Problem } from '../errors.ts';
import { type Host, ifPresent, isStatus } from './host.ts';
import { blocksOf, createNetwork, type NetworkSpec, overlaps, subnetsInUse } from './networks.ts';

/**
 * Makes a network on a subnet of its own, or finds it. What is allocated is recorded before it is made; blocks that
 * anyone else uses on the engine, another greenroom included, are passed over, even one taken in the same moment.
 *
 * @param range the CIDR that blocks are taken from.
 * @param owner what the network is for: a stack, or greenroom's own work.
 * @throws Problem `conflict` when the range is used up.
 */
export async function ensureNetwork(
  pool: pg.Pool,
  host: Host,
  range: string,
  owner: string,
  spec: Omit<NetworkSpec, 'subnet'>,
): Promise<void> {
  // The engine makes two networks of one name when it is asked twice at once, so only one may ask.
  await inTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('greenroom.network:' || $1, 0))`, [spec.name]);
    await findOrMake(pool, host, range, owner, spec);
  });
}

async function findOrMake(
  database: Database,
  host: Host,
  range: string,
  owner: string,
  spec: Omit<NetworkSpec, 'subnet'>,
): Promise<void> {
  const lost = new Set<string>();
  const network = host.docker.getNetwork(spec.name);
  while (!(await ifPresent(network.inspect()))) {
    const subnet = await allocate(database, host, range, owner, spec.name, lost);
    try {
      await createNetwork(host, { ...spec, subnet });
    } catch (error) {
      // 403: somebody's network, made in this moment, overlaps with the block.
      if (!isStatus(error, 403)) throw error;
      lost.add(subnet);
      await query(database, 'give-up-subnet', [host.id, spec.name, subnet]);
    }
  }
}

async function allocate(
  database: Database,
  host: Host,
  range: string,
  owner: string,
  network: string,
  lost: Set<string>,
): Promise<string> {
  const present = await queryOne<{ cidr: string }>(database, 'get-subnet', [host.id, network]);
  if (present) return present.cidr;
  const [allocated, used] = await Promise.all([
    query<{ cidr: string }>(database, 'list-subnets', [host.id]),
    subnetsInUse(host),
  ]);
  const taken = [...allocated.map(({ cidr }) => cidr), ...used, ...lost];
  for (const block of blocksOf(range)) {
    if (taken.some((other) => overlaps(block, other))) continue;
    const won = await queryOne<{ cidr: string }>(database, 'insert-subnet', [host.id, block, owner, network]);
    if (won) return won.cidr;
  }
  throw new Problem('conflict', `No free subnet is left in ${range}`, {
    remedy: 'Delete stacks that are not needed, or set GREENROOM_SUBNET_RANGE to a larger range.',
  });
}
