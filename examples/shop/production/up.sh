#!/usr/bin/env bash
# Starts a Postgres 17 that plays production: the shop's schema as shop-backend:v0 makes it, with invented
# people in it. Prints the URL to read it with, as the role `reporting`, which sees every row and changes none.
#
#   production/up.sh NAME [--scale 1] [--canary WORD] [--canary-digits 8DIGITS] [--salt WORD] [--label KEY=VALUE]...
#
# The variables are those of seed.sql. production/down.sh NAME takes it away again.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[[ $# -gt 0 && $1 != -* ]] || usage
name=$1
shift
variables=()
labels=(--label greenroom.example=production)
while [[ $# -gt 0 ]]; do
  [[ $# -gt 1 ]] || usage
  case $1 in
    --scale) variables+=(-v "rows=$2") ;;
    --canary) variables+=(-v "canary=$2") ;;
    --canary-digits) variables+=(-v "canary_digits=$2") ;;
    --salt) variables+=(-v "salt=$2") ;;
    --label) labels+=(--label "$2") ;;
    *) usage ;;
  esac
  shift 2
done

# Nothing here outlives the container, so nothing is synced to disk: twice as fast.
id=$(docker run --detach --name "$name" "${labels[@]}" --shm-size 128m \
  --env POSTGRES_PASSWORD=production-postgres --env POSTGRES_INITDB_ARGS=--no-sync \
  postgres:17 -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_wal_size=4GB)
give_up() {
  docker logs --tail 20 "$id" >&2
  docker rm --force --volumes "$id" >/dev/null
  echo "production/up.sh: $name did not come up, see above" >&2
}
trap give_up EXIT

# Over TCP: while the image initialises, a first server answers on the socket only.
docker exec "$id" sh -c 'for i in $(seq 600); do pg_isready -q -h 127.0.0.1 -U postgres && exit; sleep 0.1; done; exit 1'

run_sql() { docker exec --interactive "$id" psql --quiet --no-psqlrc --username postgres --output /dev/null --set ON_ERROR_STOP=1 "$@"; }

run_sql <<'SQL'
CREATE ROLE shop LOGIN PASSWORD 'production-shop';
CREATE ROLE reporting LOGIN PASSWORD 'production-reporting' BYPASSRLS IN ROLE pg_read_all_data;
CREATE DATABASE shop OWNER shop;
\connect shop
CREATE SCHEMA shop AUTHORIZATION shop;
ALTER ROLE shop IN DATABASE shop SET search_path = shop;
SQL

docker run --rm "${labels[@]}" --network "container:$id" --env DATABASE_SCHEMA=shop \
  --env DATABASE_URL=postgres://shop:production-shop@127.0.0.1:5432/shop shop-backend:v0 migrationctl up >/dev/null

run_sql "${variables[@]}" shop <"$here/seed.sql"

address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$id")
trap - EXIT
echo "postgres://reporting:production-reporting@$address:5432/shop"
