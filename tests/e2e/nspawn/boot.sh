#!/usr/bin/env bash
# boot.sh CMAKE BUILD_DIR WORK_DIR - boots Debian's systemd in a container, puts
# what `cmake --install` installs into it, and runs inside.sh there.
#
# The root filesystem is made once and kept in WORK_DIR; every run gets a fresh
# overlay of it. Exit: inside.sh's code; 77 (skipped) when something is missing
# here, which is named.
set -euo pipefail
cmake=$1
build=$2
work=$3
here=$(cd "$(dirname "$0")" && pwd)
# The last two lines are what our programs link; the rest is what the test itself uses.
packages=systemd,systemd-sysv,iproute2,python3-minimal
packages+=,libbpf1,libelf1,libsystemd0,libspdlog1.10,libfmt9,libtomlplusplus3,libcurl4
packages+=,libsqlite3-0

skip() {
  echo "skipped: $*"
  exit 77
}
[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v systemd-nspawn >/dev/null || skip "needs the package systemd-container"
command -v mmdebstrap >/dev/null || skip "needs the package mmdebstrap"
cgroup2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$cgroup2" ] || skip "no cgroup2 is mounted"

# This host's own Debian sources, so that its mirror is used.
debian_sources() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
    --format 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)' | sort -u
}

make_rootfs() {
  local sources=()
  [ "$(cat "$work/rootfs.packages" 2>/dev/null)" != "$packages" ] || return 0
  rm -rf "$work/rootfs" "$work/rootfs.packages"
  mapfile -t sources < <(debian_sources)
  mmdebstrap --quiet --variant=minbase --include="$packages" bookworm \
    "$work/rootfs" ${sources[@]+"${sources[@]}"} </dev/null
  # A fixed id: "uninitialized" would make systemd apply its presets.
  echo 0123456789abcdef0123456789abcdef >"$work/rootfs/etc/machine-id"
  cat >"$work/rootfs/etc/systemd/system/inside.service" <<'UNIT'
[Service]
Type=exec
ExecStart=/payload/inside.sh
ExecStopPost=/bin/sh -c 'exec systemctl exit "$EXIT_STATUS"'
StandardOutput=append:/out/log
StandardError=append:/out/log
UNIT
  ln -s ../inside.service "$work/rootfs/etc/systemd/system/multi-user.target.wants/"
  echo "$packages" >"$work/rootfs.packages"
}

# Boots with cgroup $1 as its own, /payload and /out bound.
boot() {
  local options=(
    --quiet --directory="$work/rootfs" --volatile=overlay
    --register=no --keep-unit --private-network --capability=all
    # The default filter knows nothing of eBPF.
    --system-call-filter='bpf perf_event_open @debug'
    --bind-ro="$work/payload:/payload" --bind="$work/out:/out"
    --boot --console=pipe systemd.unit=multi-user.target
  )
  (
    echo "$BASHPID" >"$1/cgroup.procs"
    export SYSTEMD_NSPAWN_LOCK=0 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    # nspawn wants a /run that is a file system of its own; give it a private one.
    # shellcheck disable=SC2016 # $@ is the inner shell's
    exec unshare --mount --propagation slave sh -c '
      mount -t tmpfs tmpfs /run && exec timeout 120 "$@"' sh \
      systemd-nspawn "${options[@]}" </dev/null
  )
}

mkdir -p "$work"
make_rootfs
rm -rf "$work/payload" "$work/out"
mkdir "$work/payload" "$work/out"
cp "$here/inside.sh" "$here/listener.py" "$work/payload/"
DESTDIR=$work/payload/install "$cmake" --install "$build" --prefix /usr >/dev/null

cgroup=$(mktemp -d "$cgroup2/portwatch-test.XXXXXX")
code=0
boot "$cgroup" || code=$?
find "$cgroup" -depth -type d -exec rmdir {} +
cat "$work/out/log"
exit "$code"
