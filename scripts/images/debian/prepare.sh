# Makes rootfs.tar.gz, Debian trixie with what the official slim image leaves out left out, in the build's
# folder. It is kept in the cache: 35 s and 30 MB of packages are saved when Docker's data is gone.

prepare_debian() {
  local context=$1 key=$2 own archive
  archive="$GREENROOM_CACHE/debian-trixie-$(uname -m)-$key.tar.gz"
  if [[ ! -s $archive ]]; then
    rm -f "$GREENROOM_CACHE"/debian-trixie-*
    command -v mmdebstrap >/dev/null || install_mmdebstrap
    # The stock mirrors first; a machine that does not reach them may have its own.
    mapfile -t own < <(own_mirrors)
    debootstrap_into "$archive.new.tar.gz" || debootstrap_into "$archive.new.tar.gz" "${own[@]}" ||
      give_up "Debian could not be fetched" "mmdebstrap trixie" "read $setup_log; check the network, or pull debian:trixie-slim yourself"
    mv "$archive.new.tar.gz" "$archive"
  fi
  cp "$archive" "$context/rootfs.tar.gz"
}

install_mmdebstrap() {
  can_install_packages || give_up "debian:trixie-slim can be built only as root on Debian or Ubuntu" "mmdebstrap" \
    "pull debian:trixie-slim from a registry, or install mmdebstrap and debian-archive-keyring"
  apt_install mmdebstrap debian-archive-keyring
}

# The options for apt and dpkg stay in the image, as they do in the official one: no manuals, no services that
# start by themselves, no downloaded packages left in layers. What mmdebstrap copies from this machine (its name,
# its resolver) does not stay.
debootstrap_into() {
  local archive=$1
  shift
  logged mmdebstrap --variant=minbase --quiet \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' --aptopt='Acquire::GzipIndexes "true"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
    --customize-hook='printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"' \
    --customize-hook='printf "APT::Keep-Downloaded-Packages \"false\";\nDPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true\"; };\n" > "$1/etc/apt/apt.conf.d/docker-clean"' \
    --customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/hostname"' \
    trixie "$archive" "$@"
}

# The mirrors that this machine's apt uses for Debian, as apt source lines.
own_mirrors() {
  local main security
  main=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | grep -m 1 ^http)
  security=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian-Security' | grep -m 1 ^http)
  printf 'deb %s trixie main\ndeb %s trixie-updates main\n' "$main" "$main"
  [[ -z $security ]] || printf 'deb %s trixie-security main\n' "$security"
}
