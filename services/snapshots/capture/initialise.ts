/**
 * What a stock image's entrypoint does with an empty volume (https://hub.docker.com/_/postgres), but for the server that
 * it starts and stops in between to run the application's scripts, of which there are none here: a quarter of the time
 * until Postgres answers. Where the image has no tool to become another user with, its entrypoint does all of it.
 *
 * The name of the user and the password come from the environment, as shell words like the stock one's the arguments.
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
    case $(cat "$PGDATA/PG_VERSION") in 9.* | 10 | 11 | 12 | 13) method=md5 ;; *) method=scram-sha-256 ;; esac
    printf "\\nhost all all all %s\\n" "\${POSTGRES_HOST_AUTH_METHOD:-$method}" >> "$PGDATA/pg_hba.conf"'
fi
exec "$@"`;

/** The entrypoint that makes a cluster in an empty volume and goes on with the image's own. */
export function initialisingFirst(entrypoint: string | string[] | undefined): string[] {
  return ['sh', '-ec', script, 'sh', ...[entrypoint ?? []].flat()];
}
