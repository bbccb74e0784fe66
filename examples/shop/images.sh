# What builds an image from a Rust crate and keeps it current. For scripts that set $here, their folder, and $cache.

say() { printf '%s: %s\n' "$(basename "$here")" "$*" >&2; }

# content_key PATH...: a hash of the names and contents of all files there, relative to $here.
content_key() {
  cd "$here"
  find "$@" -type f -not -path '*/target/*' -not -path '*/node_modules/*' -print0 |
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

# cargo_in_container SOURCE ARGUMENT...: in a Debian 13 container, with SOURCE at its own path and as the working folder, with the certificates and proxies of this machine at run time only.
cargo_in_container() {
  local source=$1 certificates=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} options=() variable
  shift
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
    --mount "type=bind,src=$source,dst=$source,readonly" --mount "type=bind,src=$cache,dst=$cache" \
    -e CARGO_HOME="$cache/shop-cargo-home" -e CARGO_TARGET_DIR="$CARGO_TARGET_DIR" -w "$PWD" shop-builder:trixie cargo "$@"
}
