# A Docker engine that answers. One that runs is used as it is and never touched; one that this script
# installed is started again; where there is none, Debian's is installed with its data on XFS.

. "$scripts/setup/storage.sh"

engine_log=/var/log/greenroom-dockerd.log
daemon_config=/etc/docker/daemon.json

ensure_engine() {
  if engine_answers; then
    ensure_docker_cli
    return
  fi
  [[ -z ${DOCKER_HOST:-} || $DOCKER_HOST = unix:///var/run/docker.sock ]] ||
    give_up "the Docker engine does not answer" "DOCKER_HOST=$DOCKER_HOST" \
      "start that engine, or unset DOCKER_HOST to use a local one"
  if [[ -S /var/run/docker.sock && ! -w /var/run/docker.sock ]]; then
    give_up "you may not talk to the Docker engine" /var/run/docker.sock \
      "add yourself to its group (sudo usermod -aG docker $(id -un), then log in again), or run this as root"
  fi
  can_install_packages || give_up "no Docker engine answers, and this script can install one only as root on Debian or Ubuntu" \
    "${DOCKER_HOST:-/var/run/docker.sock}" "install or start Docker (https://docs.docker.com/engine/install/), or run this as root on such a machine"
  engine_is_ours || claim_engine
  ensure_storage
  if ! command -v dockerd >/dev/null; then
    say "installing the Docker engine"
    apt_install docker.io iptables ca-certificates xfsprogs
  fi
  ensure_docker_cli
  start_engine
}

# Asks with node, which is always there, because a docker command may not be; ssh:// only docker can speak.
engine_answers() {
  case ${DOCKER_HOST:-} in
  '' | unix://* | tcp://*) node "$scripts/setup/ask-engine.mjs" /_ping ;;
  *) command -v docker >/dev/null && timeout 20 docker version >/dev/null 2>&1 ;;
  esac
}

ensure_docker_cli() {
  command -v docker >/dev/null && return
  # Debian 13 has the command in a package of its own, Debian 12 and Ubuntu have it in docker.io.
  can_install_packages && apt_knows docker-cli && apt_install docker-cli && return
  give_up "the docker command is missing" "PATH=$PATH" "install Docker's command line client"
}

# Its configuration is the mark: it is written before anything is installed, and names greenroom's folder.
engine_is_ours() {
  grep -qs "\"$data_root\"" "$daemon_config"
}

# Takes over an engine that has never run; somebody's stopped engine with images in it is theirs to start.
claim_engine() {
  if [[ -e $daemon_config ]] || [[ -n $(ls -A /var/lib/docker 2>/dev/null) ]]; then
    give_up "Docker was set up on this machine by somebody else and does not run" "$daemon_config, /var/lib/docker" \
      "start it (systemctl start docker, or dockerd), then run this again"
  fi
  mkdir -p "$GREENROOM_STATE" "$(dirname "$daemon_config")"
  if uses_systemd; then
    install_systemd_mount
  fi
  # Written before the package is installed, whose own scripts may start the engine at once.
  printf '{ "data-root": "%s" }\n' "$data_root" >"$daemon_config"
}

uses_systemd() {
  [[ -d /run/systemd/system ]]
}

# After a reboot systemd mounts the file before it starts Docker.
install_systemd_mount() {
  local unit
  unit=$(systemd-escape --path --suffix=mount "$data_root")
  printf '[Mount]\nWhat=%s\nWhere=%s\nType=xfs\nOptions=loop,discard,noatime\n' "$storage_file" "$data_root" >"/etc/systemd/system/$unit"
  mkdir -p /etc/systemd/system/docker.service.d
  printf '[Unit]\nRequiresMountsFor=%s\n' "$data_root" >/etc/systemd/system/docker.service.d/greenroom.conf
  logged systemctl daemon-reload
}

start_engine() {
  if uses_systemd; then
    systemctl reset-failed docker.service docker.socket 2>/dev/null || true # after a few quick failures systemd starts it no more
    logged systemctl start docker || true
  else
    ensure_cgroups
    ensure_iptables
    forget_dead_daemons
    # Closing fd 9 matters: the engine outlives this script and must not keep its lock.
    PATH="$GREENROOM_STATE/bin:$PATH" setsid nohup dockerd >>"$engine_log" 2>&1 </dev/null 9>&- &
  fi
  local waited
  for ((waited = 0; waited < 120; waited++)); do
    engine_answers && say "Docker engine started" && return
    sleep 0.5
  done
  uses_systemd || tail -n 15 "$engine_log" | sed 's/^/  | /' >&2
  give_up "the Docker engine was started but does not answer after 60 s" /var/run/docker.sock \
    "read $engine_log, or journalctl -u docker"
}

# Machines without an init system often come without cgroups.
ensure_cgroups() {
  if [[ ! -e /sys/fs/cgroup/cgroup.controllers && ! -d /sys/fs/cgroup/memory ]]; then
    logged mount -t cgroup2 none /sys/fs/cgroup ||
      give_up "control groups are not mounted" /sys/fs/cgroup "mount them, or run this on a machine or in a privileged container that may"
  fi
}

# Debian's iptables speaks nftables; a kernel without them still has the legacy tables.
ensure_iptables() {
  command -v iptables >/dev/null || apt_install iptables
  if ! iptables -t nat -nL >/dev/null 2>&1 && iptables-legacy -t nat -nL >/dev/null 2>&1; then
    mkdir -p "$GREENROOM_STATE/bin"
    ln -sf "$(command -v iptables-legacy)" "$GREENROOM_STATE/bin/iptables"
    ln -sf "$(command -v ip6tables-legacy)" "$GREENROOM_STATE/bin/ip6tables"
  fi
}

# A killed engine leaves pid files and a socket behind. dockerd refuses to start when the pid is in use
# again by any process, and waits in vain for a containerd whose socket exists.
forget_dead_daemons() {
  forget_pid_file /var/run/docker.pid dockerd
  forget_pid_file /var/run/docker/containerd/containerd.pid containerd
  pidof containerd >/dev/null || rm -f /run/containerd/containerd.sock
}

# forget_pid_file FILE PROGRAM - a zombie has no program any more, so it counts as dead
forget_pid_file() {
  local file=$1 program=$2
  [[ -f $file ]] || return 0
  [[ $(readlink "/proc/$(<"$file")/exe") = */$program* ]] || rm -f "$file"
}
