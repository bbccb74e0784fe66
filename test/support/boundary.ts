import pg from 'pg';
import { addressOf } from '../../services/engine/dial.ts';
import { docker, type TestService, until } from './service.ts';

/**
 * Stops a service exactly at a step's boundary, not after a sleep: a trigger in its own database holds the
 * statement that records the step's end until the process has been killed.
 */
export interface Boundary {
  /**
   * Kills the service with SIGKILL when the named step of an operation of `kind` ends. `before`: its outcome is not
   * recorded; `after`: it is.
   */
  killAt(kind: string, step: string, when: 'before' | 'after'): Promise<void>;
  /** Runs `work` when the named step of an operation of `kind` has been done and its end is about to be recorded. */
  at(kind: string, step: string, work: () => Promise<void>): Promise<void>;
  /** A query in greenroom's own database. */
  rows<T>(sql: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

const lock = 730_001;

export async function openBoundary(service: TestService): Promise<Boundary> {
  const url = await databaseUrl(service);
  const client = new pg.Client({ connectionString: url, application_name: 'test boundary' });
  await client.connect();
  await client.query(`
    CREATE SCHEMA boundary;
    CREATE TABLE boundary.armed (kind text, step text);
    CREATE FUNCTION boundary.hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM boundary.armed a JOIN public.operations o ON o.kind = a.kind
        WHERE o.id = NEW.operation AND a.step = NEW.name) THEN
        PERFORM pg_advisory_xact_lock_shared(${lock});
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER hold BEFORE UPDATE ON public.operation_steps FOR EACH ROW
      WHEN (NEW.state = 'done') EXECUTE FUNCTION boundary.hold();`);
  const waiting = async () => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${lock} AND NOT granted`,
    );
    return rows.map(({ pid }) => pid);
  };
  return {
    async killAt(kind, step, when) {
      await client.query(`SELECT pg_advisory_lock(${lock})`);
      await client.query('INSERT INTO boundary.armed VALUES ($1, $2)', [kind, step]);
      await until(async () => (await waiting()).length > 0);
      await service.kill('SIGKILL');
      const pids = await waiting();
      if (pids.length !== 1) throw new Error(`${pids.length} sessions wait at the boundary`);
      await client.query('DELETE FROM boundary.armed');
      if (when === 'before') await client.query('SELECT pg_terminate_backend($1)', [pids[0]]);
      await client.query(`SELECT pg_advisory_unlock(${lock})`);
      await until(async () => {
        const { rows } = await client.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pids[0]]);
        return rows.length === 0;
      });
    },
    async at(kind, step, work) {
      await client.query(`SELECT pg_advisory_lock(${lock})`);
      try {
        await client.query('INSERT INTO boundary.armed VALUES ($1, $2)', [kind, step]);
        await until(async () => (await waiting()).length > 0);
        await client.query('DELETE FROM boundary.armed');
        await work();
      } finally {
        await client.query(`SELECT pg_advisory_unlock(${lock})`);
      }
    },
    rows: async <T>(sql: string, values?: unknown[]) => (await client.query(sql, values)).rows as T[],
    close: () => client.end(),
  };
}

async function databaseUrl(service: TestService): Promise<string> {
  const address = await addressOf({ docker }, service.databaseContainer);
  const { Config: config } = await docker.getContainer(service.databaseContainer).inspect();
  const password = config.Env.find((entry) => entry.startsWith('POSTGRES_PASSWORD='))!.split('=')[1]!;
  return `postgres://greenroom:${password}@${address}:5432/greenroom`;
}
