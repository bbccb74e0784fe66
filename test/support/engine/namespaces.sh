#!/usr/bin/env bash
# namespaces.sh FOLDER NETWORK - a Docker engine in mount, network and process namespaces of its own, with its data on
# FOLDER/disk.xfs and its API at FOLDER/socket. NETWORK is the start of its addresses, such as 10.214.
#
# It is told what to do line by line: `start`, `stop SIGNAL` (the engine alone), `crash` (all processes but this one, as
# when the power fails), and answers `done`. This is the namespaces' process 1: when its standard input closes, because
# the test has ended or was killed, everything in here ends, and mounts, loop device, bridges and containers go with it.
set -euo pipefail
folder=$1 network=$2
# Where this kernel does not know what Debian's iptables speaks, set-up has put the other one here.
PATH=/var/lib/greenroom/bin:$PATH:/usr/sbin:/sbin

read -r # the network interface has been put into the namespace

# What an engine keeps under /run is its own affair, and a containerd of the machine's is not to be found there.
mount -t tmpfs tmpfs /run
mkdir -p "$folder/data"
# nouuid: another test may have a copy of the same file system mounted.
mount -o loop,nouuid,noatime "$folder/disk.xfs" "$folder/data"

ip link set lo up
ip address add "$network.128.2/30" dev eth0
ip link set eth0 up
ip route add default via "$network.128.1"
echo 1 >/proc/sys/net/ipv4/ip_forward
# From an internal network the only way back to the test is its own bridge.
iptables -t nat -A POSTROUTING -s "$network.128.1" -j MASQUERADE

printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/run/containerd.toml
echo '{}' >/run/daemon.json

containerd='' engine=''

start() {
  if [[ -z $containerd ]] || ! kill -0 "$containerd" 2>/dev/null; then
    containerd --config /run/containerd.toml --root "$folder/data/containerd" --address /run/containerd/own.sock >>"$folder/log" 2>&1 &
    containerd=$!
  fi
  rm -f /run/docker.pid
  dockerd --config-file /run/daemon.json --data-root "$folder/data" --containerd /run/containerd/own.sock \
    --host "unix://$folder/socket" --bip "$network.64.1/24" --iptables=false --ip6tables=false --shutdown-timeout 5 \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$(basename "$folder")" >>"$folder/log" 2>&1 &
  engine=$!
}

# Without power the kernel's own part is gone, too: mounts, what is under /run, and above all the network namespaces of
# dead containers, which would go on answering for their addresses.
lose_kernel_state() {
  { cut -d ' ' -f 2 /proc/mounts | grep -E "^(/run|$folder/data)/" || true; } | tac | while read -r mount; do
    umount --lazy "$mount" 2>/dev/null || true # one that was mounted twice is listed twice
  done
  rm -rf /run/docker /run/containerd
  { ip -o link | grep -oE '(br-|veth|docker)[^:@]*' || true; } | while read -r link; do
    ip link delete "$link" 2>/dev/null || true # a veth's other end takes it along
  done
}

while read -r command signal; do
  case $command in
  start) start ;;
  stop)
    kill -s "$signal" "$engine"
    wait "$engine" 2>/dev/null || true
    ;;
  crash)
    kill -KILL -1
    wait 2>/dev/null || true
    lose_kernel_state
    ;;
  esac
  echo 'done'
done
