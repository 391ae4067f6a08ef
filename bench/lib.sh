# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What measurements share. A measurement calls `start "$@"`, then set_stage KIND BYTES, and leave_stage.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C
runs=${1:-5}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${COW_BENCH_BUILD:-$source/build/bench}
device='' daemon=''

# start ARGUMENT...: as root, with an optimised build, in a mount namespace of its own
start() {
	[ "$(id -u)" -eq 0 ] || { echo "$0 needs root: it makes filesystems" >&2; exit 1; }
	if [ -z "${COW_PRIVATE:-}" ]; then
		"$source/tools/install-packages" build bench
		[ -d "$build" ] || meson setup "$build" "$source" >/dev/null
		ninja --quiet -C "$build"
		COW_PRIVATE=1 exec unshare --mount --propagation private -- "$BASH" "$0" "$@"
	fi
	build=$(cd "$build" && pwd)
	folder=$(mktemp -d "${TMPDIR:-/tmp}/cowctl-bench.XXXXXX")
	trap clean EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	printf '%s, %s CPUs, load %s, %s runs each, interleaved\n' "$(uname -r)" "$(nproc)" \
		"$(cut -d' ' -f1 /proc/loadavg)" "$runs"
}

leave_stage() {
	cd /
	umount --quiet --recursive "$folder/stage" || true
	[ -z "$device" ] || losetup --detach "$device"
	device=
	rm -f "$folder/image"
}

# A libvirt of its own, of somebody who is not root: libvirt has a session daemon for everybody but root.
start_libvirt() {
	local socket=$folder/nobody/libvirt/libvirt-sock i
	chmod 0755 "$folder"
	mkdir -m 0777 "$folder/nobody"
	export XDG_CONFIG_HOME=$folder/nobody XDG_RUNTIME_DIR=$folder/nobody XDG_CACHE_HOME=$folder/nobody
	export LIBVIRT_DEFAULT_URI=storage:///session
	export LIBVIRT_AUTOSTART=0 # no other daemon, by a client that comes before the socket
	run_libvirt
	for ((i = 0; i < 200; i++)); do
		[ ! -S "$socket" ] || return 0
		sleep 0.05
	done
	cat "$folder/libvirtd" >&2
	return 1
}
# Without waiting for it. It is not in the way when the stage is mounted anew.
run_libvirt() {
	(cd / && exec setpriv --reuid=65534 --regid=65534 --clear-groups libvirtd) >"$folder/libvirtd" 2>&1 &
	daemon=$!
}
stop_libvirt() {
	[ -n "$daemon" ] || return 0
	kill "$daemon" || :
	wait "$daemon" || :
	daemon=
}
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
libvirt() {
	as_nobody virsh --quiet "$@"
}

clean() {
	local status=$?
	trap - EXIT
	stop_libvirt
	leave_stage
	rm -rf --one-file-system "$folder"
	exit $status
}

# Direct I/O on the loop file: what is cached is cached once, in the filesystem that is measured.
set_stage() {
	mkdir -p "$folder/stage"
	: >"$folder/image"
	chattr +C "$folder/image" 2>/dev/null || true
	truncate -s "$2" "$folder/image"
	case $1 in
	btrfs) mkfs.btrfs --quiet --data single --metadata single "$folder/image" ;;
	xfs) mkfs.xfs -q "$folder/image" ;;
	ext4) mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$folder/image" ;;
	esac >"$folder/mkfs" 2>&1 || { cat "$folder/mkfs" >&2; return 1; }
	device=$(losetup --find --show --direct-io=on "$folder/image")
	mount "$device" "$folder/stage"
	cd "$folder/stage"
}

# Nothing of this filesystem is cached afterwards; the rest of the machine is left alone. A daemon may have
# something open for a moment longer than its answer took.
cold() {
	local i
	cd /
	for ((i = 0; i < 50; i++)); do
		umount "$folder/stage" 2>/dev/null && break
		sleep 0.1
	done
	mount "$device" "$folder/stage"
	cd "$folder/stage"
}

# clock COMMAND...: seconds it took
clock() {
	local start=$EPOCHREALTIME
	"$@" >/dev/null
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}

# often COMMAND...: the median of five times, of what takes no longer than a moment that somebody else is busy
often() {
	local i
	for ((i = 0; i < 5; i++)); do
		clock "$@"
	done | sort -n | sed -n 3p
}

# spread FILE: min, median, max of one number a line
spread() {
	sort -n "$1" | awk '{ v[NR] = $1 }
		END { printf "%8.2f %8.2f %8.2f", v[1], v[int((NR + 1) / 2)], v[NR] }'
}
times() {
	printf '%-44s %s s\n' "$2" "$(spread "$folder/$1")"
}
ratio() {
	paste "$folder/$1" "$folder/$2" | awk '{ print $1 / $2 }' >"$folder/ratio"
	printf '%-44s %s x\n' "$3" "$(spread "$folder/ratio")"
}
heading() {
	printf '\n%-44s %8s %8s %8s\n' "$1" min median max
}
