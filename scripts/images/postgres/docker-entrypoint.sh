#!/usr/bin/env bash
# Starts PostgreSQL the way the official image does (https://hub.docker.com/_/postgres, "How to extend this
# image"): the first start on an empty PGDATA makes a cluster from the POSTGRES_* variables and runs what lies in
# /docker-entrypoint-initdb.d; every other start leaves the data as it is.
set -Eeo pipefail # no -u: scripts that are sourced may use variables that are not set

main() {
  # Options alone are for the server.
  if [[ ${1:-} = -* ]]; then
    set -- postgres "$@"
  fi
  if [[ ${1:-} = postgres ]] && ! only_asks "$@"; then
    prepare_folders
    if [[ $(id -u) -eq 0 ]]; then
      exec gosu postgres "${BASH_SOURCE[0]}" "$@"
    fi
    if [[ -s $PGDATA/PG_VERSION ]]; then
      printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    else
      initialise "${@:2}"
      printf '\nPostgreSQL init process complete; ready for start up.\n\n'
    fi
  fi
  exec "$@"
}

# postgres --version and its like need no data.
only_asks() {
  local argument
  for argument; do
    case $argument in
    '-?' | --help | --describe-config | -V | --version) return 0 ;;
    esac
  done
  return 1
}

# As root, gives the folders to postgres: a fresh bind mount or volume belongs to root. As any other user they
# have to be that user's already.
prepare_folders() {
  mkdir -p "$PGDATA"
  chmod 00700 "$PGDATA" || true
  mkdir -p /var/run/postgresql || true
  chmod 03775 /var/run/postgresql || true
  if [[ -n ${POSTGRES_INITDB_WALDIR:-} ]]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    chmod 0700 "$POSTGRES_INITDB_WALDIR"
  fi
  if [[ $(id -u) -eq 0 ]]; then
    find "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} \
      \! -user postgres -exec chown postgres '{}' +
  fi
}

# initialise SERVER_ARGUMENTS...
initialise() {
  from_variable_or_file POSTGRES_PASSWORD ''
  from_variable_or_file POSTGRES_USER postgres
  from_variable_or_file POSTGRES_DB "$POSTGRES_USER"
  from_variable_or_file POSTGRES_INITDB_ARGS ''
  : "${POSTGRES_HOST_AUTH_METHOD:=}"
  demand_password
  ls /docker-entrypoint-initdb.d/ >/dev/null # not readable? say so before there is a half-made cluster

  create_cluster
  allow_remote_connections "$@"

  # Known to psql and to the scripts only: the server itself never sees it.
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  start_local_server "$@"
  create_database
  run_init_files /docker-entrypoint-initdb.d/*
  stop_local_server
  unset PGPASSWORD
}

# from_variable_or_file NAME DEFAULT - NAME_FILE names a file (a mounted secret) that holds the value
from_variable_or_file() {
  local name=$1 value=$2 file_name="$1_FILE"
  if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
    fail "error: both $name and $file_name are set (but are exclusive)"
  fi
  if [[ -n ${!name:-} ]]; then
    value=${!name}
  elif [[ -n ${!file_name:-} ]]; then
    value=$(<"${!file_name}")
  fi
  export "$name=$value"
  unset "$file_name"
}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

demand_password() {
  if [[ $POSTGRES_HOST_AUTH_METHOD = trust ]]; then
    printf '%s\n' "WARNING: POSTGRES_HOST_AUTH_METHOD is \"trust\": anyone who reaches this container's port is let in" \
      "as any user, without a password." >&2
  elif [[ -z $POSTGRES_PASSWORD ]]; then
    fail "Error: Database is uninitialized and superuser password is not specified." \
      "       Set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) to a non-empty value, for instance" \
      "       \"-e POSTGRES_PASSWORD=password\" on \"docker run\"; or, where nothing can go wrong by it, set" \
      "       POSTGRES_HOST_AUTH_METHOD=trust to let everybody in without one."
  fi
}

# Local connections are trusted and host ones are not, as initdb has it; POSTGRES_INITDB_ARGS holds shell words.
create_cluster() {
  local words=()
  eval "words=($POSTGRES_INITDB_ARGS)"
  if [[ -n ${POSTGRES_INITDB_WALDIR:-} ]]; then
    words=(--waldir "$POSTGRES_INITDB_WALDIR" "${words[@]}")
  fi
  # initdb looks its user up by name; docker run --user may have given one that no passwd file knows.
  if ! getent passwd "$(id -u)" >/dev/null; then
    NSS_WRAPPER_PASSWD=$(mktemp)
    NSS_WRAPPER_GROUP=$(mktemp)
    LD_PRELOAD=$(find /usr/lib -name libnss_wrapper.so -print -quit)
    export LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
    printf 'postgres:x:%s:%s:PostgreSQL:%s:/bin/false\n' "$(id -u)" "$(id -g)" "$PGDATA" >"$NSS_WRAPPER_PASSWD"
    printf 'postgres:x:%s:\n' "$(id -g)" >"$NSS_WRAPPER_GROUP"
  fi
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${words[@]}"
  if [[ -n ${NSS_WRAPPER_PASSWD:-} ]]; then
    rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
    unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  fi
}

# The method is the one passwords are stored for, which the server's own arguments may change.
allow_remote_connections() {
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# On the socket only, so that nobody connects to a database that is still being filled.
start_local_server() {
  NOTIFY_SOCKET='' PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -w start \
    -o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")"
}

stop_local_server() {
  PGUSER=${PGUSER:-postgres} pg_ctl -D "$PGDATA" -m fast -w stop
}

# docker_process_sql PSQL_ARGUMENTS... - as the superuser, in POSTGRES_DB unless told otherwise, stopping at the first
# error. Scripts that are sourced know it by this name.
docker_process_sql() {
  PGHOST='' PGHOSTADDR='' psql --no-psqlrc --no-password -v ON_ERROR_STOP=1 \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

create_database() {
  local found
  found=$(docker_process_sql --dbname postgres --tuples-only --set db="$POSTGRES_DB" <<<"SELECT 1 FROM pg_database WHERE datname = :'db'")
  if [[ -z $found ]]; then
    docker_process_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db"'
  fi
}

# In the order of their names: scripts are run when executable and sourced otherwise, SQL goes to psql.
run_init_files() {
  local file
  printf '\n'
  for file; do
    case $file in
    *.sh)
      if [[ -x $file ]]; then
        printf '%s: running %s\n' "$0" "$file"
        "$file"
      else
        printf '%s: sourcing %s\n' "$0" "$file"
        . "$file"
      fi
      ;;
    *.sql) printf '%s: running %s\n' "$0" "$file" && docker_process_sql -f "$file" ;;
    *.sql.gz) printf '%s: running %s\n' "$0" "$file" && gunzip -c "$file" | docker_process_sql ;;
    *.sql.xz) printf '%s: running %s\n' "$0" "$file" && xzcat "$file" | docker_process_sql ;;
    *.sql.zst) printf '%s: running %s\n' "$0" "$file" && zstd -dc "$file" | docker_process_sql ;;
    */\*) ;; # the folder is empty
    *) printf '%s: ignoring %s\n' "$0" "$file" ;;
    esac
    printf '\n'
  done
}

main "$@"
