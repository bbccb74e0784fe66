#!/usr/bin/env bash
# Brings a bare Linux machine with Node >= 20 and npm to where `npm test` and `npm start` work: npm packages,
# a Docker engine, the base images, the example's images. Each step looks for itself whether its work is
# done, so running this again is quick, and it mends what a reboot or a clean-up took away.
#
#   GREENROOM_CACHE   what can be made again but takes long (default ~/.cache/greenroom)
set -euo pipefail

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$scripts")
GREENROOM_CACHE=${GREENROOM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/greenroom}
GREENROOM_STATE=/var/lib/greenroom
mkdir -p "$GREENROOM_CACHE"

# npm puts node_modules/.bin first, and with it the very Node that `npm ci` is about to delete. cron and some CI
# runners leave out where iptables, mkfs and dockerd are.
PATH=$(tr : '\n' <<<"$PATH" | grep -v /node_modules/ | paste -sd :):/usr/local/sbin:/usr/sbin:/sbin

. "$scripts/setup/say.sh"
. "$scripts/setup/apt.sh"
. "$scripts/setup/npm-packages.sh"
. "$scripts/setup/engine.sh"
. "$scripts/setup/images.sh"
. "$scripts/setup/browser.sh"

# Two set-ups at once (a test run in each of two clones) would install and build everything twice.
exec 9>"$GREENROOM_CACHE/setup.lock"
flock --wait 1200 9 || give_up "another set-up is still running after 20 minutes" "$GREENROOM_CACHE/setup.lock" "wait for it, or end it"

ensure_npm_packages
ensure_engine
ensure_images
ensure_browser
# The example builds its own images, and knows itself whether they are up to date.
if [[ -x $root/examples/shop/build.sh ]]; then
  "$root/examples/shop/build.sh" 9>&-
fi
"$root/test/migrators/build.sh" 9>&-
