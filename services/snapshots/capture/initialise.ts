import { basename } from 'node:path';

/**
 * What a stock image's entrypoint does with an empty volume (https://hub.docker.com/_/postgres), but for the server that
 * it starts and stops in between to run the application's scripts, of which there are none here: a quarter of the time
 * until Postgres answers. Where the image has no tool to become another user with, its entrypoint does all of it.
 *
 * `POSTGRES_INITDB_ARGS` are shell words. Which method passwords are asked for by is the one that they are stored for,
 * which those words may say.
 */
const script = `
as=$(command -v gosu || command -v su-exec || true)
if [ -n "$as" ] && command -v initdb && [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chown postgres "$PGDATA"
  chmod 700 "$PGDATA"
  "$as" postgres sh -ec '
    printf "%s\\n" "$POSTGRES_PASSWORD" |
      eval "initdb --username=\\"\\$POSTGRES_USER\\" --pwfile=/dev/stdin $POSTGRES_INITDB_ARGS"
    method=\${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
    printf "\\nhost all all all %s\\n" "$method" >> "$PGDATA/pg_hba.conf"'
fi
exec "$@"`;

/**
 * The entrypoint that makes a cluster in an empty volume and goes on with the image's own.
 * @returns undefined where that is no stock one, which may see to more than is known here
 */
export function initialisingFirst(entrypoint: string | string[] | undefined): string[] | undefined {
  const own = [entrypoint ?? []].flat();
  const isStock = own.length === 1 && basename(own[0]!) === 'docker-entrypoint.sh';
  return isStock ? ['sh', '-ec', script, 'sh', ...own] : undefined;
}
