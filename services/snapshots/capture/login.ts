import pg from 'pg';

/** How a capture's new Postgres is reached, from any thread of this process. Structured-clonable. */
export interface TargetLogin {
  user: string;
  password: string;
  /** An address, or the folder that its socket is in. */
  host: string;
  port: number;
}

export async function connectLogin(login: TargetLogin, database: string, timeoutMs = 5000): Promise<pg.Client> {
  const client = new pg.Client({
    ...login,
    ...{ database, connectionTimeoutMillis: timeoutMs, application_name: 'greenroom capture' },
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}
