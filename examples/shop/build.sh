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

say() { printf 'shop: %s\n' "$*" >&2; }

# A hash of the names and contents of all files under the given folders (and of this script).
content_key() {
  cd "$here"
  find build.sh "$@" -type f -not -path '*/target/*' -not -path '*/node_modules/*' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# is_current KEY IMAGE...: does every image exist, made from sources with this key?
is_current() {
  local key=$1 labels
  shift
  labels=$(docker image inspect --format '{{index .Config.Labels "greenroom.example"}}' "$@" 2>/dev/null) || return 1
  [[ $(sort -u <<<"$labels") == "$key" ]]
}

# image TAG KEY CONTEXT [ARGUMENT...]: builds it and removes the one that had the tag before, if unused.
image() {
  local tag=$1 key=$2 context=$3 before
  shift 3
  before=$(docker image inspect --format '{{.Id}}' "$tag" 2>/dev/null || true)
  DOCKER_BUILDKIT=0 docker build --quiet --label "greenroom.example=$key" --tag "$tag" "$@" "$context" >/dev/null 2>"$cache/shop-image.log" ||
    { cat "$cache/shop-image.log" >&2; say "docker build of $tag failed, see above"; return 1; }
  if [[ -n $before && $before != $(docker image inspect --format '{{.Id}}' "$tag") ]]; then
    docker image rm "$before" >/dev/null 2>&1 || true
  fi
}

at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n1) == "$1" ]]; }

# The images are Debian 13 (glibc 2.41): what this machine links must not ask for a newer one.
can_build_here() {
  local cargo glibc
  cargo=$(cargo --version 2>/dev/null | cut -d' ' -f2) && glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) &&
    command -v cc >/dev/null && [[ -n $cargo && -n $glibc ]] && at_least 1.85 "$cargo" && at_least "$glibc" 2.41
}

# The same in a Debian 13 container, with the certificates and proxies of this machine at run time only.
cargo_in_container() {
  local certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} options=() variable
  if ! docker image inspect shop-builder:trixie >/dev/null 2>&1; then
    say "this machine has no cargo >= 1.85 with a C compiler, or a newer glibc: installing Debian's in a container"
    DOCKER_BUILDKIT=0 docker build --quiet --label greenroom.example=builder --tag shop-builder:trixie - >/dev/null 2>"$cache/shop-image.log" <<-'EOF' || { cat "$cache/shop-image.log" >&2; return 1; }
	FROM debian:trixie-slim
	RUN apt-get update -q && apt-get install -qy --no-install-recommends cargo gcc libc6-dev ca-certificates && rm -rf /var/lib/apt/lists/*
	EOF
  fi
  if [[ -r $certificates ]]; then
    options+=(--mount "type=bind,src=$certificates,dst=/certificates.crt,readonly" -e SSL_CERT_FILE=/certificates.crt -e CARGO_HTTP_CAINFO=/certificates.crt)
  fi
  for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [[ -n ${!variable:-} ]]; then options+=(-e "$variable"); fi
  done
  mkdir -p "$cache/shop-cargo-home"
  docker run --rm --label greenroom.example=builder "${options[@]}" --user "$(id -u):$(id -g)" \
    --mount "type=bind,src=$here/backend,dst=/backend,readonly" --mount "type=bind,src=$cache,dst=$cache" \
    -e CARGO_HOME="$cache/shop-cargo-home" -e CARGO_TARGET_DIR="$CARGO_TARGET_DIR" -w /backend shop-builder:trixie cargo "$@"
}

build_backend() {
  local key=$1 out="$cache/shop-$1" build=cargo version
  # Dependencies compile once for all versions and all keys; a changed migration then takes seconds.
  CARGO_TARGET_DIR="$cache/shop-target-$(cat "$here"/backend/Cargo.{toml,lock} | sha256sum | cut -c1-16)"
  if [[ -n ${SHOP_BUILD_IN_CONTAINER:-} ]] || ! can_build_here; then
    build=cargo_in_container
    CARGO_TARGET_DIR+=-trixie
  fi
  export CARGO_TARGET_DIR
  for version in "${!features[@]}"; do
    local context="$out/$version"
    if [[ ! -x $context/migrationctl ]]; then
      say "compiling the backend, $version"
      # The whole workspace each time: `-p` would give the dependencies other features and compile them again.
      (cd "$here/backend" && "$build" build --quiet --locked --workspace --features "${features[$version]}")
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

backend_key=$(content_key backend)
frontend_key=$(content_key frontend)
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
