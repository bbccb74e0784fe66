#!/usr/bin/env bash
# Builds the shop's images: shop-backend:v0, :v1, :v2, :v2-enum and shop-frontend:v1.
#
# Says nothing and takes no time when they are up to date: each image carries, as the label
# greenroom.example, a hash of the sources that it was made from. What is built on the way lies outside the
# checkout, in ${GREENROOM_CACHE:-~/.cache/greenroom}/shop-*; all of it may be deleted at any time.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GREENROOM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/greenroom}

# version of the backend's image → cargo features of its migrations
declare -A features=([v0]= [v1]=migration/v1 [v2]=migration/v2 [v2-enum]=migration/enum-in-one-up)

. "$here/images.sh"

build_backend() {
  local key=$1 out="$cache/shop-$1" build=(cargo) version
  # Dependencies compile once for all versions and all keys; a changed migration then takes seconds.
  CARGO_TARGET_DIR="$cache/shop-target-$(cat "$here"/backend/Cargo.{toml,lock} | sha256sum | cut -c1-16)"
  if [[ -n ${SHOP_BUILD_IN_CONTAINER:-} ]] || ! can_build_here; then
    build=(cargo_in_container "$here/backend")
    CARGO_TARGET_DIR+=-trixie
  fi
  export CARGO_TARGET_DIR
  for version in "${!features[@]}"; do
    local context="$out/$version"
    if [[ ! -x $context/migrationctl ]]; then
      say "compiling the backend, $version"
      # The whole workspace each time: `-p` would give the dependencies other features and compile them again.
      (cd "$here/backend" && "${build[@]}" build --quiet --locked --workspace --features "${features[$version]}")
      mkdir -p "$context"
      cp "$here"/backend/{Dockerfile,entrypoint.sh} "$CARGO_TARGET_DIR/debug/backend" "$context/"
      cp "$CARGO_TARGET_DIR/debug/migrationctl" "$context/migrationctl.new"
      mv "$context/migrationctl.new" "$context/migrationctl"
    fi
    image "shop-backend:$version" "$key" "$context" --build-arg "VERSION=$version"
  done
}

build_frontend() {
  local key=$1 context="$cache/shop-$1"
  say "building the frontend"
  rm -rf "$context"
  mkdir -p "$context"
  cp -R "$here/frontend/." "$context/"
  (cd "$context" && rm -rf node_modules && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
  image shop-frontend:v1 "$key" "$context"
}

backend_key=$(content_key build.sh images.sh backend)
frontend_key=$(content_key build.sh images.sh frontend)
backends=("${!features[@]}")
backends=("${backends[@]/#/shop-backend:}")

if is_current "$backend_key" "${backends[@]}" && is_current "$frontend_key" shop-frontend:v1; then
  exit 0
fi

mkdir -p "$cache"
exec {lock}>"$cache/shop-build.lock"
flock --wait 1200 "$lock" || { say "another build is still running after 20 minutes, see $cache/shop-build.lock"; exit 1; }

is_current "$backend_key" "${backends[@]}" || build_backend "$backend_key"
is_current "$frontend_key" shop-frontend:v1 || build_frontend "$frontend_key"
