# The npm packages of package-lock.json, and Node 24 among them: the package `node` brings it, so that npm
# scripts run on it wherever the system's own Node is older.

ensure_npm_packages() {
  cd "$root" || return
  if ! node "$scripts/setup/npm-packages-installed.mjs"; then
    say "installing npm packages"
    # Lock files made where registry addresses are left out, and old Nodes, make npm talk a lot: it goes to the log.
    retry 2 logged npm ci --no-audit --no-fund || give_up "npm packages could not be installed" "npm ci in $root" \
      "read the lines above and $setup_log; if package-lock.json does not fit package.json, run npm install"
  fi
  ensure_node_24
}

# `node` fetches its binary in an install script. npm with ignore-scripts, and npm versions that ask before
# they run one, leave it out.
ensure_node_24() {
  local wanted
  wanted=v$(node -p "require('./node_modules/node/package.json').version")
  [[ $(node_modules/.bin/node --version 2>/dev/null) = "$wanted" ]] && return
  say "fetching Node ${wanted#v}"
  if (cd node_modules/node && retry 3 logged node installArchSpecificPackage); then
    logged npm rebuild node --ignore-scripts || true # makes the link in node_modules/.bin; what counts is tried below
  fi
  [[ $(node_modules/.bin/node --version 2>/dev/null) = "$wanted" ]] ||
    give_up "Node $wanted was not installed by the npm package node" "$root/node_modules/.bin/node" \
      "read $setup_log, or put Node 24 on PATH yourself"
}
