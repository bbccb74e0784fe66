import { randomInt } from 'node:crypto';
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
    lost.add(subnet);
    try {
      await createNetwork(host, { ...spec, subnet });
    } catch (error) {
      // 403: somebody's network, made in this moment, overlaps with the block.
      if (!isStatus(error, 403)) throw error;
    }
  }
}

/**
 * Records a block for a network that is not there: any that is free, the one that it had last of all. An engine that is
 * killed while it makes or removes a network may leave the bridge in the kernel and know nothing of it (seen with 20.10);
 * nothing can be reached on that block until the machine starts again, so no block is everybody's first choice.
 */
async function allocate(
  database: Database,
  host: Host,
  range: string,
  owner: string,
  network: string,
  lost: Set<string>,
): Promise<string> {
  const [allocated, used] = await Promise.all([
    query<{ cidr: string; network: string }>(database, 'list-subnets', [host.id]),
    subnetsInUse(host),
  ]);
  await query(database, 'delete-subnet', [host.id, network]);
  const had = allocated.filter((one) => one.network === network).map(({ cidr }) => cidr);
  const others = allocated.map(({ cidr }) => cidr).filter((cidr) => !had.includes(cidr));
  const taken = [...others, ...used, ...lost];
  const blocks = [...blocksOf(range)].filter((block) => !had.includes(block));
  const first = randomInt(blocks.length + 1);
  for (const block of [...blocks.slice(first), ...blocks.slice(0, first), ...had]) {
    if (taken.some((other) => overlaps(block, other))) continue;
    const won = await queryOne<{ cidr: string }>(database, 'insert-subnet', [host.id, block, owner, network]);
    if (won) return won.cidr;
  }
  throw new Problem('conflict', `No free subnet is left in ${range}`, {
    remedy: 'Delete stacks that are not needed, or set GREENROOM_SUBNET_RANGE to a larger range.',
  });
}
