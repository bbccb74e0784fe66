#!/bin/sh
# Options, scripts, and anything that is no command are for node.
set -e

case ${1:-} in
-*) set -- node "$@" ;;
*)
  if ! command -v "${1:-node}" >/dev/null || { [ -f "$1" ] && [ ! -x "$1" ]; }; then
    set -- node "$@"
  fi
  ;;
esac

exec "$@"
