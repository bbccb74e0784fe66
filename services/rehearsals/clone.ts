import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clone, type CloneSpec, onCloneNetwork, openClone, removeClone, startClone } from '../clones/clone.ts';
import { ownApplicationName } from '../clones/connect.ts';
import type { ServicePlan } from '../compose/plan.ts';
import { explainFullDisk } from '../engine/disk.ts';
import { exec } from '../engine/exec.ts';
import { Problem } from '../errors.ts';
import type { Greenroom } from '../greenroom.ts';
import { books } from '../migrations/migrator.ts';
import type { MigratorTarget } from '../migrations/run-migrator.ts';
import { isHandedOver } from '../operations/handover.ts';
import { literal } from '../quoting.ts';
import { adoptClone } from '../snapshots/adopt.ts';
import { ensureContainer } from '../stacks/container.ts';
import { databaseService, migratorService, superuserOf } from '../stacks/database-service.ts';
import { preloading } from './preload.ts';
import { countStatements, readStatementCosts, type StatementCosts } from './statement-costs.ts';

/** A clone beside which the migrator runs, and whose server's log tells what it did. */
export interface RehearsalClone extends Clone, MigratorTarget {
  /**
   * Reads the server's own log since it started, a JSON object a line. Waits for the migrator's sessions to end, and for
   * their last lines to be written.
   */
  readLog(onLine: (line: string) => void): Promise<void>;
  /** What the server has counted of each statement so far; undefined where it cannot. */
  readCosts(): Promise<StatementCosts | undefined>;
}

type RehearsalCloneSpec = Omit<CloneSpec, 'settings' | 'volumes'>;

export const logFolder = 'greenroom-log';
/** What is installed in the database that is observed, as superuser. */
export const observe = readFileSync(join(import.meta.dirname, '../../sql/observe/observe.sql'), 'utf8').replaceAll(
  ':books',
  literal(books),
);

/** On top of the service's own command. Each duration line of the log carries its statement. */
export const logging = {
  logging_collector: 'on',
  log_destination: 'jsonlog',
  log_directory: logFolder,
  log_filename: 'greenroom.log',
  log_rotation_age: '0',
  log_rotation_size: '0',
  // Scans of tables are told at this level, in words that depend on nobody's language.
  log_min_messages: 'debug1',
  lc_messages: 'C',
  log_min_duration_statement: '0',
  log_statement: 'none',
  log_connections: 'on',
  log_lock_waits: 'on',
  log_temp_files: '0',
  // WAL and growth are the migrations' own.
  autovacuum: 'off',
};

export interface RehearsalClones {
  /**
   * Starts a clone by its name, or takes the one that is started already. It is the stack's own, as a stack's database
   * is; `observed` makes the server log what the migrator does, its locks and rewrites included.
   */
  start(name: string, observed?: boolean): Promise<RehearsalClone>;
  /** Begins to remove one that has done its work. */
  drop(name: string): void;
}

/**
 * Runs `work`, which starts the clones it needs; those of these names are gone afterwards.
 * @throws Problem `snapshot-incompatible`, `engine-failed`
 */
export async function onRehearsalClones<T>(
  greenroom: Greenroom,
  spec: Omit<RehearsalCloneSpec, 'name'>,
  names: string[],
  work: (clones: RehearsalClones) => Promise<T>,
): Promise<T> {
  const { host, signal } = spec;
  const started = new Map<string, Promise<RehearsalClone>>();
  const dropping: Promise<void>[] = [];
  const clones: RehearsalClones = {
    start(name, observed = false) {
      const clone = started.get(name) ?? startRehearsalClone(greenroom, { ...spec, name }, observed);
      clone.catch(() => {});
      started.set(name, clone);
      return clone;
    },
    drop(name) {
      // A failure shows below, where it is tried again.
      dropping.push(removeClone(greenroom, host, name).catch(() => {}));
    },
  };
  try {
    return await work(clones);
  } catch (error) {
    // Asked here, because the clones' own space is free again in a moment.
    throw signal.aborted ? error : await explainFullDisk(host, error);
  } finally {
    for (const clone of await Promise.allSettled(started.values()))
      if (clone.status === 'fulfilled') clone.value.client.end().catch(() => {});
    await Promise.all(dropping);
    if (!isHandedOver(signal)) await Promise.all(names.map((name) => removeClone(greenroom, host, name)));
  }
}

/** Images without pg_stat_statements, on whose servers statements are not counted. */
const cannotCount = new Set<string>();

async function startRehearsalClone(
  greenroom: Greenroom,
  spec: RehearsalCloneSpec,
  observed: boolean,
): Promise<RehearsalClone> {
  const { host, plan, images, of } = spec;
  const database = databaseService(plan)!;
  const image = images[database.name]!;
  if (!observed) return startWith(greenroom, spec, {});
  const command = database.command ?? (await host.docker.getImage(image).inspect()).Config.Cmd ?? [];
  const counting = cannotCount.has(image) ? undefined : await preloading(host, of, command);
  if (!counting) return startWith(greenroom, spec, logging);
  try {
    return await startWith(greenroom, spec, { ...logging, ...counting }, true);
  } catch (error) {
    // A server does not start without a library that it is to preload, and no file says beforehand whether it is there.
    if (!(error instanceof Problem) || error.code !== 'snapshot-incompatible') throw error;
    const clone = await startWith(greenroom, spec, logging);
    cannotCount.add(image);
    return clone;
  }
}

async function startWith(
  greenroom: Greenroom,
  spec: RehearsalCloneSpec,
  settings: Record<string, string>,
  counts = false,
): Promise<RehearsalClone> {
  const { host, plan, images, signal, of } = spec;
  const observed = settings === logging || counts;
  const database = databaseService(plan)!;
  const migrator = onCloneNetwork(migratorService(plan)!);
  const volumes = migrator.mounts.flatMap((mount) => (mount.type === 'volume' && mount.volume) || []);
  await openClone(greenroom, spec);
  const serve = async () => {
    const clone = await startClone({ ...spec, settings, volumes });
    const { container } = clone;
    const [facts, section, login] = [of.facts, plan.greenroom.database!, superuserOf(database)];
    await adoptClone({ host, container, facts, section, login, signal });
    const client = await clone.connect();
    if (observed) await client.query(observe);
    if (counts) await countStatements(client);
    return { ...clone, client };
  };
  // Both to their end: what is made after the other has failed would be left behind.
  const [served, held] = await Promise.allSettled([serve(), holdNetwork(spec, migrator, images[database.name]!)]);
  if (served.status === 'rejected') throw served.reason;
  const clone = served.value;
  const { container, client } = clone;
  if (held.status === 'rejected') {
    await client.end().catch(() => {});
    throw held.reason;
  }
  const onNetworkOf = held.value;
  return {
    ...{ ...clone, migrator, migratorImage: images[migrator.name]!, onNetworkOf },
    readCosts: async () => (counts ? readStatementCosts(client) : undefined),
    async readLog(onLine) {
      const mark = `greenroom:mark ${randomUUID()}`;
      await client.query(untilAloneThenSay(mark));
      const file = `${clone.pgdata}/${logFolder}/greenroom.json`;
      const command = ['sh', '-c', readWhenMarked, 'sh', file, mark];
      const { exitCode, stderr } = await exec(host, container, { command, onLine, signal });
      if (exitCode === 0) return;
      throw new Problem('engine-failed', `The rehearsal's log cannot be read: ${stderr.trim().slice(-300)}`);
    },
  };
}

/**
 * A container that does nothing but hold the network that each run of the migrator joins, with every name and address
 * the migrator's own would have: `localhost` is not the database's.
 */
async function holdNetwork(
  { host, name }: CloneSpec,
  migrator: ServicePlan,
  image: string,
): Promise<{ container: string; address: string }> {
  const { networks, hostname, domainname, extraHosts, dns, dnsSearch, dnsOptions } = migrator;
  const aliases = [migrator.name, ...networks[0]!.aliases];
  const holder: ServicePlan = {
    ...{ name: 'greenroom-network', image, configHash: image, entrypoint: ['sleep'], command: ['infinity'] },
    ...{ networks: [{ name: networks[0]!.name, aliases }], extraHosts, dns, dnsSearch },
    ...(hostname ? { hostname } : {}),
    ...(domainname ? { domainname } : {}),
    ...(dnsOptions ? { dnsOptions } : {}),
    ...{ restart: { policy: 'no' }, environment: {}, labels: {}, dependsOn: [], mounts: [], sysctls: {} },
    ...{ init: false, tty: false, stdinOpen: false, readOnly: true, privileged: false },
    ...{ capAdd: [], capDrop: ['ALL'], securityOpt: [], devices: [], groupAdd: [], ulimits: [] },
    ...{ stopSignal: 'SIGKILL', healthcheck: { test: ['NONE'] } },
  };
  const container = await ensureContainer(host, name, holder, image);
  await container.start();
  const { NetworkSettings: settings } = await container.inspect();
  return { container: container.id, address: Object.values(settings.Networks)[0]!.IPAddress };
}

/** A session that was broken off ends a moment later, and what it logs then is part of the story. */
const untilAloneThenSay = (mark: string) => `DO $$ BEGIN
  FOR attempt IN 1..500 LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND application_name <> '${ownApplicationName}');
    PERFORM pg_sleep(0.01);
  END LOOP;
  RAISE LOG '${mark}';
END $$`;

/** The server's collector writes the log a moment after the sessions have said it. */
const readWhenMarked = `for attempt in $(seq 500); do
  tail -c 65536 "$1" | grep -qF "$2" && exec cat "$1"
  sleep 0.02
done
echo "its end is not written after 10 s" >&2
exit 1`;
