# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Power cuts, after lib.sh. What a command writes to a disk is recorded with its flushes; then the disk
# is made again and again as a cut at some point could have left it, mounted, and looked at.
#
#	loop device -> file made by FUSE -> throttle -> recorder -> disk image and log, all in memory
#
# The throttle keeps things apart that would otherwise reach the disk together: without it a converter
# that forgets to sync is hardly ever caught. The loop device goes through the page cache, as QEMU 7.2
# mixes up writes that come in side by side.

# COW_POINTS: so many points are tried for each recording. COW_SEED: which.
: "${COW_POINTS:=80}" "${COW_SEED:=1}"

# _cut_mount IMAGE: at $T/ram/fs, with frequent commits and without ext4's help against lost data.
_cut_mount() {
	local options=loop
	case $cut_kind in
	btrfs) options+=,commit=1 ;;
	ext4) options+=,commit=1,noauto_da_alloc ;;
	esac
	mount -t "$cut_kind" -o "$options" "$1" "$T/ram/fs"
}

# _cut_in COMMAND: run it in the filesystem, which is then unmounted.
_cut_in() {
	pushd "$T/ram/fs" >/dev/null
	"$1"
	popd >/dev/null
	umount "$T/ram/fs"
}

# cut_disk KIND COMMAND [SIZE]: a filesystem on which COMMAND (run in it) was done long before any cut.
cut_disk() {
	cut_kind=$1
	require qemu-storage-daemon
	[ -e /dev/fuse ] || skip "no FUSE here"
	if ! mountpoint -q "$T/ram"; then
		mkdir "$T/ram"
		mount -t tmpfs tmpfs "$T/ram"
	fi
	FS_SIZE=${3:-320M} make_fs "$cut_kind" ram/fs
	_cut_in "$2"
	fallocate --dig-holes "$T/ram/fs.img"
}

_recorder_start() {
	cp --sparse=always "$T/ram/fs.img" "$T/ram/disk"
	: >"$T/ram/log"
	: >"$T/ram/export"
	qemu-storage-daemon --daemonize --pidfile "$T/ram/pid" \
		--object throttle-group,id=slow,limits.bps-write=20000000 \
		--blockdev "driver=file,node-name=disk,filename=$T/ram/disk" \
		--blockdev "driver=file,node-name=log,filename=$T/ram/log" \
		--blockdev driver=blklogwrites,node-name=both,file=disk,log=log,log-sector-size=512 \
		--blockdev driver=throttle,node-name=throttled,file=both,throttle-group=slow \
		--export "type=fuse,id=export,node-name=throttled,mountpoint=$T/ram/export,writable=on"
}

_recorder_stop() {
	local pid
	pid=$(cat "$T/ram/pid")
	kill "$pid"
	tail --pid="$pid" -f /dev/null
	# what was recorded is what was written
	"$COW_BUILD/tests/cut" disk "$T/ram/log" "$T/ram/fs.img" "$T/ram/again" 1000000000 0
	cmp "$T/ram/disk" "$T/ram/again" || fail "the log is not what is on the disk"
}

# cut_record COMMAND: run it in the filesystem, recorded.
declare -A _returned
cut_record() {
	_returned=()
	_recorder_start
	_cut_mount "$T/ram/export"
	_cut_in "$1"
	_recorder_stop
}

# returned NAME: in what is recorded: all that was done so far has been said to be done.
returned() {
	_returned[$1]=$(stat -c %s "$T/ram/log")
}

# had_returned NAME: in what looks at a disk: the cut came after that.
had_returned() {
	[ "$cut_end" -ge "${_returned[$1]}" ]
}

# _cut_look COMMAND: in the filesystem as the cut left it; what it prints is counted.
_cut_look() (
	_cut_mount "$T/ram/cut" || fail "it can't be mounted any more"
	cd "$T/ram/fs"
	set -e
	"$1"
)

# _cuts COMMAND: look at all points until one is bad; "bad" is then which.
_cuts() {
	local flush seed
	bad='' points=0 exact=0
	: >"$T/ram/found"
	while read -r flush seed cut_end; do
		"$COW_BUILD/tests/cut" disk "$T/ram/log" "$T/ram/fs.img" "$T/ram/cut" "$flush" "$seed"
		_cut_look "$1" >>"$T/ram/found" 2>"$T/ram/why" || bad="after flush $flush, seed $seed"
		umount "$T/ram/fs"
		points=$((points + 1)) exact=$((exact + (seed == 0)))
		[ -z "$bad" ] || return 0
	done < <("$COW_BUILD/tests/cut" list "$T/ram/log" "$COW_POINTS" "$COW_SEED")
	[ "$points" -eq "$COW_POINTS" ] || fail "only $points points"
}

# cut_everywhere COMMAND: it finds all in order, whenever the power is cut.
cut_everywhere() {
	_cuts "$1"
	[ -z "$bad" ] || fail "$cut_kind cut $bad: $(cat "$T/ram/why")"
	echo "$points cuts on $cut_kind, $exact of them right after a flush; found:"
	sort "$T/ram/found" | uniq -c
}

# cut_caught COMMAND: it finds something wrong: the control, or the above proves nothing.
cut_caught() {
	_cuts "$1"
	[ -n "$bad" ] || fail "$cut_kind: nothing wrong was found at $points points"
	echo "caught by cut $points on $cut_kind: $(tail -n 1 "$T/ram/why")"
}
