import { basename } from 'node:path';

/** Where an empty cluster of the image is, or is to be. */
export const emptyClusterMount = '/run/greenroom-empty-cluster';

/**
 * What a stock image's entrypoint does with an empty volume (https://hub.docker.com/_/postgres), but for the server that
 * it starts and stops in between to run the application's scripts, of which there are none here: a quarter of the time
 * until Postgres answers. Where the image has no tool to become another user with, its entrypoint does all of it.
 *
 * `initdb` takes half of what is left, so that the cluster it makes is kept, and copied the next time. It is there whole or
 * not at all, for it is on the disk before it is given its name; only root gets to it, not what a schema has the server do. One whose WAL is
 * elsewhere is not whole. Where it cannot be kept, the next one is made, too.
 *
 * `POSTGRES_INITDB_ARGS` are shell words. Which method passwords are asked for by is the one that they are stored for,
 * which those words may say.
 */
const script = `
as=$(command -v gosu || command -v su-exec || true)
if [ -n "$as" ] && command -v initdb && [ ! -s "$PGDATA/PG_VERSION" ]; then
  kept=${emptyClusterMount}
  chmod 700 "$kept"
  mkdir -p "$PGDATA"
  if [ -d "$kept/cluster" ]; then
    cp -a "$kept/cluster/." "$PGDATA"
  else
    chown postgres "$PGDATA"
    chmod 700 "$PGDATA"
    "$as" postgres sh -ec '
      printf "%s\\n" "$POSTGRES_PASSWORD" |
        eval "initdb --username=\\"\\$POSTGRES_USER\\" --pwfile=/dev/stdin $POSTGRES_INITDB_ARGS"
      method=\${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
      printf "\\nhost all all all %s\\n" "$method" >> "$PGDATA/pg_hba.conf"'
    if [ ! -L "$PGDATA/pg_wal" ]; then
      find "$kept" -mindepth 1 -maxdepth 1 -name 'making-*' -mmin +5 -exec rm -rf {} + || true
      making="$kept/making-$HOSTNAME"
      { cp -a "$PGDATA" "$making" && find "$making" -exec sync {} + && mv -T "$making" "$kept/cluster"; } || rm -rf "$making"
    fi
  fi
  unset POSTGRES_PASSWORD
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
