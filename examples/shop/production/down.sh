#!/usr/bin/env bash
# Takes away what production/up.sh NAME started, with its data. Nothing to do is fine.
#
#   production/down.sh NAME...
set -euo pipefail

[[ $# -gt 0 ]] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
for name in "$@"; do
  role=$(docker container inspect --format '{{index .Config.Labels "greenroom.example"}}' "$name" 2>/dev/null) || continue
  [[ $role == production ]] || { echo "production/down.sh: the container $name was not started by production/up.sh" >&2; exit 1; }
  docker rm --force --volumes "$name" >/dev/null
done
