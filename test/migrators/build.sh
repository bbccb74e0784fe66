#!/usr/bin/env bash
# Builds greenroom-test-migrator:seaorm-1 and :seaorm-2, migrators with every kind of migration (kinds.rs). Says nothing
# and takes no time when they are up to date. Caches as the shop's do.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GREENROOM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/greenroom}
. "$here/../../examples/shop/images.sh"

versions=(seaorm-1)
# It asks for Rust 1.94, which Debian 13 has not: without it the tests of SeaORM 2 are skipped.
if [[ -z ${SHOP_BUILD_IN_CONTAINER:-} ]] && can_build_here && at_least 1.94 "$(cargo --version | cut -d' ' -f2)"; then
  versions+=(seaorm-2)
fi
key=$(content_key build.sh main.rs kinds.rs Dockerfile "${versions[@]}")
if is_current "$key" "${versions[@]/#/greenroom-test-migrator:}"; then
  exit 0
fi

mkdir -p "$cache"
exec {lock}>"$cache/migrators-build.lock"
flock --wait 1200 "$lock" || { say "another build is still running after 20 minutes, see $cache/migrators-build.lock"; exit 1; }

for version in "${versions[@]}"; do
  context="$cache/migrators-$key/$version"
  build=(cargo)
  # Dependencies compile once; a changed migration then takes seconds.
  CARGO_TARGET_DIR="$cache/migrators-target-$(cat "$here/$version"/Cargo.{toml,lock} | sha256sum | cut -c1-16)"
  if [[ -n ${SHOP_BUILD_IN_CONTAINER:-} ]] || ! can_build_here; then
    build=(cargo_in_container "$here")
    CARGO_TARGET_DIR+=-trixie
  fi
  export CARGO_TARGET_DIR
  if [[ ! -x $context/migrationctl ]]; then
    say "compiling $version"
    # Cargo tells another checkout's sources of this name by nothing: it would take what was built there.
    (cd "$here/$version" && "${build[@]}" clean --quiet --locked --package migrator && "${build[@]}" build --quiet --locked)
    mkdir -p "$context"
    cp "$here/Dockerfile" "$context/"
    cp "$CARGO_TARGET_DIR/debug/migrator" "$context/migrationctl.new"
    mv "$context/migrationctl.new" "$context/migrationctl"
  fi
  image "greenroom-test-migrator:$version" "$key" "$context"
done
