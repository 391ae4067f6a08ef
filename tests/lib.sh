# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What a system test needs. A test begins with
#	. "$(dirname "$0")/../lib.sh"
# and, when it mounts anything, `need_root` next: that starts it again as the only user of a mount
# namespace. Everything mounted there is gone when the test ends, however it ends, and with the
# mounts go their loop devices, which all detach themselves. docs/testing.md has the list of helpers.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

: "${COWCTL:?set it to the cowctl to test (meson test does)}"
: "${COW_BUILD:=$(cd "$(dirname "$COWCTL")/.." && pwd)}"
COW_TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export COWCTL COW_BUILD COW_TESTS

# A sanitizer's finding must not look like one of cowctl's own exit statuses.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99}
export LSAN_OPTIONS=${LSAN_OPTIONS:-exitcode=99}

# --- how a test ends ------------------------------------------------------------------------------

fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# The reason is one line; a run that forbids skips calls it a failure.
skip() {
	[ "${MUST_RUN:-0}" != 1 ] || fail "must not be skipped here: $*"
	printf 'SKIP: %s\n' "$*" >&2
	exit 77
}

# require TOOL...: skip unless they are all installed.
require() {
	local tool
	for tool; do
		command -v -- "$tool" >/dev/null || skip "$tool is not installed"
	done
}

# Be root, alone in a mount namespace that passes nothing on, and as ready for signals as at a terminal:
# under nohup(1) what is ignored would stay so in all that is started.
need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[ -n "${COW_PRIVATE:-}" ] ||
		COW_PRIVATE=$T exec env --default-signal=HUP,INT,TERM \
			unshare --mount --propagation private -- "$BASH" "$0"
}

# need_lab MODULE...: run in a guest whose kernel has these modules: this test is started again there,
# as root, and what it does to block devices is nobody else's concern.
need_lab() {
	local IFS=,
	if [ -n "${COW_LAB:-}" ]; then
		need_root
		return
	fi
	rmdir -- "$T"
	[ "${MUST_RUN:-0}" != 1 ] || "$COW_TESTS/lab/fetch" >&2 || fail "must not be skipped here"
	set -- --modules "$*" "$0"
	[ -z "${COW_TRUTH:-}" ] || set -- --results "$COW_TRUTH" "$@"
	exec "$COW_TESTS/lab/run" "$@"
}

# need_kernel MODULE...: stay here when the running kernel has them already; nothing is loaded.
need_kernel() {
	local module
	for module; do
		if ! grep -qw -- "$module" /proc/filesystems && [ ! -d "/sys/module/${module//-/_}" ]; then
			need_lab "$@"
			return
		fi
	done
	need_root
}

# End what the test started and did not end: its jobs, and all else in its mount namespace.
_end_processes() {
	local link pid found=1
	jobs -p | xargs -r kill 2>/dev/null || true
	wait
	[ -n "${COW_PRIVATE:-}" ] || return 0
	while [ -n "$found" ]; do
		found=
		for link in /proc/[0-9]*/ns/mnt; do
			pid=${link#/proc/}
			pid=${pid%%/*}
			if [ "$pid" != $$ ] && [ "$link" -ef /proc/$$/ns/mnt ]; then
				kill -KILL "$pid" 2>/dev/null || true
				found=1
			fi
		done
	done
}

# at_end COMMANDS: when the test ends, however it does, before the folder's mounts go. Not by a trap of
# the test's own: that would hide its exit status.
at_end() {
	_at_end=$1
}
_at_end=

# Of a process that is gone, the kernel closes the files a moment after it has left the namespace.
_unmount() {
	local i
	for ((i = 0; i < 20; i++)); do
		umount -- "$1" 2>"$T/umount" && return 0
		read -rt 0.05 <> <(:) || true
	done
	cat "$T/umount" >&2
	return 1
}

# Called on exit: unmount what is below the test's folder, last mounted first, and remove it.
# What can't be unmounted was left busy by the test: that is a failure too.
_clean() {
	local status=$? mount
	trap - EXIT
	cd /
	_end_processes
	eval "$_at_end" || status=1
	if [ -n "${COW_PRIVATE:-}" ]; then
		while read -r mount; do
			_unmount "$(printf '%b' "$mount")" && continue
			umount --lazy -- "$(printf '%b' "$mount")"
			status=1
		done < <(_mounts_below | tac)
	fi
	chattr -R -i -a -- "$T" 2>/dev/null || true
	rm -rf --one-file-system -- "$T" || status=1
	exit "$status"
}

# Mount points below the test's folder as mountinfo writes them: "\040" for a space and so on.
_mounts_below() {
	local point
	while read -r _ _ _ _ point _; do
		case $point in "$T"/*) printf '%s\n' "${point//\\/\\0}" ;; esac
	done </proc/self/mountinfo
}

# T: the test's own folder; everything it makes is in there. need_root hands it on.
T=${COW_PRIVATE:-$(mktemp -d "${TMPDIR:-/tmp}/cowctl-test.XXXXXX")}
T=$(cd "$T" && pwd -P)
: "${COW_LAB_CACHE:=${XDG_CACHE_HOME:-${HOME:-}/.cache}/cowctl-lab}" # which outlives a test
export COW_LAB_CACHE XDG_CACHE_HOME=$T/cache
trap _clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# without_sanitizers: for what runs cowctl hundreds of times, when ./check has built a plain one. That finds its
# library by itself; meson's variable would give it the one of the build that is tested.
without_sanitizers() {
	if [ -n "${COW_PLAIN_BUILD:-}" ]; then
		COWCTL=$COW_PLAIN_BUILD/cli/cowctl COW_BUILD=$COW_PLAIN_BUILD
		unset LD_LIBRARY_PATH
	fi
}

# --- real filesystems -----------------------------------------------------------------------------

# Loop-mount one or more image files with options; the devices detach when the mount goes.
_mount_images() {
	local point=$1 options=$2 image device devices=()
	shift 2
	mkdir -p -- "$point"
	for image; do
		device=$(losetup --find --show -- "$image")
		devices+=("$device")
		options+=",device=$device"
	done
	[ ${#devices[@]} -gt 1 ] || options=${options%,device=*}
	mount -o "${options#,}" -- "${devices[0]}" "$point" ||
		{ losetup --detach "${devices[@]}"; fail "mount $point"; }
	losetup --detach "${devices[@]}" # in use: this makes them detach with the last user
}

_mkfs() {
	local kind=$1
	shift
	case $kind in
	btrfs) mkfs.btrfs -q -K -m single -d single -- "$@" ;;
	btrfs-mixed) mkfs.btrfs -q -K --mixed -- "$@" ;; # data and metadata share what room there is
	btrfs-dup) mkfs.btrfs -q -K -m dup -d dup -- "$@" ;;
	btrfs-raid1) mkfs.btrfs -q -K -m raid1 -d raid1 -- "$@" ;;
	xfs) mkfs.xfs -q -K -m reflink=1 -- "$@" ;;
	xfs-noreflink) mkfs.xfs -q -K -m reflink=0 -- "$@" ;;
	ext4) mkfs.ext4 -q -E nodiscard -- "$@" ;;
	f2fs) mkfs.f2fs -q -t 0 "$@" ;;
	nilfs2) mkfs.nilfs2 -q -K "$@" ;;
	jfs) mkfs.jfs -q "$@" ;;
	gfs2) mkfs.gfs2 -q -O -K -p lock_nolock "$@" ;;
	*) echo "make_fs knows no $kind" && false ;;
	esac
}

# make_fs KIND NAME [MOUNT-OPTIONS]: a new filesystem mounted at $T/NAME, whole and empty, open to
# all. Its image is sparse, $FS_SIZE long (512M), as $T/NAME.img.
make_fs() {
	local kind=$1 point=$T/$2 options=${3:-} size=${FS_SIZE:-512M} images=("$T/$2.img")
	local tool=mkfs.${kind%%-*}
	case $kind in
	tmpfs)
		mkdir -p -- "$point"
		mount -t tmpfs -o "size=$size${options:+,$options}" tmpfs "$point"
		return
		;;
	overlay) # on a Btrfs of its own, $T/NAME.lower
		make_fs btrfs "$2.lower" "$options"
		mkdir -p -- "$point" "$point.lower"/{lower,upper,work}
		mount -t overlay -o "lowerdir=$point.lower/lower,upperdir=$point.lower/upper,workdir=$point.lower/work" \
			overlay "$point"
		return
		;;
	btrfs-raid1) images+=("$T/$2.img2") ;;
	esac
	require "$tool"
	truncate -s "$size" -- "${images[@]}"
	_mkfs "$kind" "${images[@]}" >"$T/.mkfs" 2>&1 || { cat "$T/.mkfs" >&2; fail "$tool"; }
	_mount_images "$point" "$options" "${images[@]}"
	chmod 0777 -- "$point"
}

# The loop device an image file is on.
loop_of() {
	losetup --noheadings --output NAME --associated "$1"
}

# --- files ----------------------------------------------------------------------------------------

# True when a file or directory carries the NOCOW flag.
is_nocow() {
	local flags
	flags=$(lsattr -d -- "$1") || fail "lsattr $1"
	case ${flags%% *} in *C*) true ;; *) false ;; esac
}

# fragment FILE [COUNT [SEED]]: overwrite random 4 KiB blocks as a guest does, the same ones for
# the same seed, written out as it goes.
fragment() {
	"$COW_BUILD/tests/scatter" "$1" "${2:-2000}" "${3:-1}"
}

# make_image FILE SIZE: a raw image with every block written, content that repeats nowhere.
make_image() {
	"$COW_BUILD/tests/scatter" --fill "$1" "$(numfmt --from=iec "$2")"
}

# Physically discontiguous runs, counted by filefrag.
runs_of() {
	local text
	text=$(filefrag -- "$1") || fail "filefrag $1"
	text=${text##*: }
	printf '%s\n' "${text%% *}"
}

# Where a file's blocks lie, as text to compare: one line per extent, after writing it out.
places_of() {
	filefrag -s -v -- "$1" | sed -n 's/^ *[0-9]*: *\([0-9]*\.\. *[0-9]*: *[0-9]*\.\.[ 0-9]*\):.*/\1/p'
}

sum_of() {
	local text
	text=$(sha256sum <"$1")
	printf '%s\n' "${text%% *}"
}

# settle DIRECTORY: until nothing in it was changed so lately that an index does not remember it yet.
settle() {
	local changed
	changed=$(find "$1" -printf '%C@\n' | sort -n | tail -n 1)
	while [ "$(date +%s)" -le $((${changed%.*} + 3)) ]; do
		read -rt 0.05 <> <(:) || true
	done
}

# --- running things -------------------------------------------------------------------------------

cowctl() {
	"$COWCTL" "$@"
}

# Run as an unprivileged user that can read the build and this test's folder but owns nothing.
as_nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
		return
	fi
	[ -n "${COW_PRIVATE:-}" ] || fail "as_nobody: call need_root first"
	if ! mountpoint -q -- "$T/.build"; then
		# The build may be where nobody else may look (/root): show it here.
		mkdir -- "$T/.build"
		mount --bind -- "$COW_BUILD" "$T/.build"
		chmod 0755 -- "$T"
	fi
	local COWCTL=$T/.build/${COWCTL#"$COW_BUILD"/} command=$1
	shift
	case $command in cowctl) command=$COWCTL ;; esac
	setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		env HOME=/nonexistent COWCTL="$COWCTL" "$command" "$@"
}

# expect_status N COMMAND...: run it, output to $T/out and $T/err, which are shown when it ends
# with any other status.
expect_status() {
	local expected=$1 status=0
	shift
	"$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
	[ "$status" -eq "$expected" ] && return
	sed 's/^/out: /' "$T/out" >&2
	sed 's/^/err: /' "$T/err" >&2
	fail "status $status instead of $expected: $*"
}

# expect_text FILE TEXT...: each text is in the file; expect_out, expect_err: in that output of the
# last expect_status.
expect_text() {
	local file=$1 text
	shift
	for text; do
		grep -qaF -- "$text" "$file" && continue
		sed 's/^/is: /' "$file" >&2
		fail "'$text' is not in $file"
	done
}
expect_out() {
	expect_text "$T/out" "$@"
}
expect_err() {
	expect_text "$T/err" "$@"
}

# expect_equal ACTUAL EXPECTED [WHAT]
expect_equal() {
	[ "$1" = "$2" ] || fail "${3:-value} is '$1', not '$2'"
}

# json FILE FILTER [JQ-OPTION...]: what a jq filter makes of a file, strings unquoted.
json() {
	jq -r "${@:3}" "$2" "$1"
}

# expect_json FILTER [JQ-OPTION...]: true of the JSON the last expect_status wrote.
expect_json() {
	jq -e "${@:2}" "$1" "$T/out" >/dev/null && return
	jq . "$T/out" >&2 || cat "$T/out" >&2
	fail "not true of the JSON: $1"
}
