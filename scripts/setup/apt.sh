# Debian packages, asked for only when a command they bring is missing.

apt_lists_fresh=no

can_install_packages() {
  [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null
}

apt_get() {
  # Another apt may hold the lock on a machine that has just booted: wait for it.
  DEBIAN_FRONTEND=noninteractive logged apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

# apt_install PACKAGE... - installs them without their recommendations
apt_install() {
  if [[ $apt_lists_fresh = no ]]; then
    retry 3 apt_get update || give_up "the package lists could not be fetched" "apt-get update" \
      "check the network and /etc/apt/sources.list*, then run this again"
    apt_lists_fresh=yes
  fi
  # An installation that was killed half way blocks every later one until this has been run.
  logged dpkg --configure -a || true
  retry 3 apt_get install -y --no-install-recommends "$@" || give_up "packages could not be installed: $*" \
    "apt-get install" "read $setup_log, repair apt, then run this again"
}

apt_knows() {
  [[ -n $(apt-cache --quiet=2 show "$1" 2>/dev/null) ]]
}
