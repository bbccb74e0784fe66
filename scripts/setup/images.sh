# The base images: the official ones where a registry answers, else equivalents under the same names, built
# from Debian's packages. An image built here carries its recipe's key as a label, and is built again when the
# recipe changes; one without that label is somebody else's and is left alone.

base_label=greenroom.base
recipes="$scripts/images"

ensure_images() {
  ensure_image debian:trixie-slim debian
  ensure_image postgres:17 postgres
  ensure_image node:20-trixie-slim node
  ensure_image registry:2 registry
  ensure_own_image greenroom-test-sshd:trixie sshd
  ensure_own_image greenroom-test-pgbouncer:trixie pgbouncer
}

# ensure_image NAME RECIPE - the recipe is a folder: a Dockerfile, and perhaps prepare.sh
ensure_image() {
  local name=$1 recipe=$2 key built_key
  key=$(recipe_key "$recipe")
  if built_key=$(built_key_of "$name"); then
    [[ -z $built_key || $built_key = "$key" ]] && return
  elif registry_answers && pull_image "$name"; then
    return
  fi
  build_image "$name" "$recipe" "$key"
}

# ensure_own_image NAME RECIPE - as above, for a name of ours: what a registry has under it is a stranger's
ensure_own_image() {
  local key
  key=$(recipe_key "$2")
  [[ $(built_key_of "$1" || true) = "$key" ]] || build_image "$1" "$2" "$key"
}

# recipe_key RECIPE - changes with the recipe's files, and with those of the image that it is built on
recipe_key() {
  cat "$recipes"/debian/* "$recipes/$1"/* | sha256sum | cut -c1-16
}

# Prints the key that the image was built with, nothing for somebody else's image; fails if there is no image.
built_key_of() {
  docker image inspect --format "{{range \$name, \$value := .Config.Labels}}{{if eq \$name \"$base_label\"}}{{\$value}}{{end}}{{end}}" \
    "$1" 2>/dev/null
}

# Asked once, by the engine itself, whose proxies and mirrors count: each pull would wait for its own time-out.
registry_answers() {
  if [[ -z ${registry_state:-} ]]; then
    registry_state=silent
    if [[ ${DOCKER_HOST:-} = ssh://* ]] || node "$scripts/setup/ask-engine.mjs" /distribution/debian:trixie-slim/json 15000; then
      registry_state=answers
    fi
  fi
  [[ $registry_state = answers ]]
}

pull_image() {
  say "pulling $1"
  logged timeout 300 docker pull --quiet "$1" && return
  registry_state=silent
  return 1
}

# A subshell, for its own exit trap.
build_image() (
  local name=$1 recipe=$2 key=$3 replaced proxies
  say "building $name from Debian's packages"
  context=$(mktemp -d)
  trap 'rm -rf "$context"' EXIT
  export_apt_proxy
  cp "$recipes/$recipe"/* "$context"
  if [[ -f $recipes/$recipe/prepare.sh ]]; then
    # shellcheck source=/dev/null
    . "$recipes/$recipe/prepare.sh"
    "prepare_$recipe" "$context" "$key"
  fi
  replaced=$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null || true)
  read -ra proxies <<<"$(proxy_arguments)"
  # Debian's docker.io has no buildx, so the classic builder. On the host's network, because a proxy or a
  # resolver on this machine's loopback address is out of a bridge's reach.
  DOCKER_BUILDKIT=0 retry 3 logged docker build --force-rm --network host "${proxies[@]}" \
    --label "$base_label=$key" --tag "$name" "$context" ||
    give_up "the image $name could not be built" "$recipes/$recipe" "read $setup_log, or pull $name yourself"
  [[ -z $replaced ]] || docker image rm "$replaced" >/dev/null 2>&1 || true # stays while a container uses it
)

# Docker hands these to the build's commands and keeps them out of the image.
proxy_arguments() {
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z ${!name:-} ]] || printf -- '--build-arg %s ' "$name"
  done
}

# apt's own proxy setting, for the tools that only know the environment's
export_apt_proxy() {
  local proxy
  [[ -z ${http_proxy:-} ]] && command -v apt-config >/dev/null || return 0
  proxy=$(apt-config shell proxy Acquire::http::Proxy)
  eval "$proxy"
  [[ -z ${proxy:-} || $proxy = DIRECT ]] || export http_proxy=$proxy
}
