#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Probing leaves no trace: no name, no changed time, no changed byte or flag, nothing copied up; and the
# only file that is opened to be written to never has a name.
. "$(dirname "$0")/../lib.sh"
need_root
require strace

state() {
	find "$@" -printf '%p %i %m %s %b %A@ %T@ %C@\n' | sort
	lsattr -d "$T/$kind/d" "$T/$kind/d/disk.img" 2>&1 || true
	sum_of "$T/$kind/d/disk.img"
}

# A system call of the trace that changes something, but on what is unnamed (a number for a name, deleted).
changes() {
	grep -E '^[0-9]+ +(p?write|f?truncate|fallocate|rename|unlink|link|symlink|mk|f?(set|remove)xattr|f?ch(own|mod)|f?utime|copy_file_range|sync|f(data)?sync|ioctl\(.*(SETFLAGS|FSSETXATTR|FICLONE))' "$1" |
		grep -vE '^[0-9]+ +(write\([12]<|[a-z0-9]+\([0-9]+<[^>]*/#[0-9]+( \(deleted\)>|>\(deleted\)))'
}

# probe_at TREE PATH...
probe_at() {
	local tree=("$T/$kind" "$1") before
	shift
	state "${tree[@]}" >"$T/out" # looking itself leaves access times, once
	before=$(state "${tree[@]}")
	ASAN_OPTIONS=detect_leaks=0 expect_status 0 strace -f -y -o "$T/trace" "$COWCTL" probe "$@"
	expect_equal "$(state "${tree[@]}")" "$before" "$kind"
	! changes "$T/trace" || fail "$kind: it changed something"
	! grep -E 'open(at|at2)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)' "$T/trace" | grep -v O_TMPFILE ||
		fail "$kind: it opened something to write to it"
}

for kind in btrfs xfs ext4 tmpfs overlay; do
	make_fs "$kind" "$kind"
	mkdir "$T/$kind/d"
	make_image "$T/$kind/d/disk.img" 1M
	touch -d '2001-01-01' "$T/$kind/d/disk.img" "$T/$kind/d"
	probe_at "$T/$kind" "$T/$kind" "$T/$kind/d" "$T/$kind/d/disk.img" "$T/$kind/d/new/image"
	[ "$(grep -c 'O_TMPFILE.* = [0-9]' "$T/trace")" -eq 4 ] || fail "$kind: it was not measured"
done

# What lies in the lower directory stays there alone.
mkdir "$T/overlay.lower/lower/low"
make_image "$T/overlay.lower/lower/low/disk.img" 1M
umount "$T/overlay"
mount -t overlay -o "lowerdir=$T/overlay.lower/lower,upperdir=$T/overlay.lower/upper,workdir=$T/overlay.lower/work" \
	overlay "$T/overlay"
probe_at "$T/overlay.lower" "$T/overlay/low" "$T/overlay/low/disk.img" "$T/overlay/low/new"
! grep O_TMPFILE "$T/trace" || fail "it made a file in a lower directory"
[ ! -e "$T/overlay.lower/upper/low" ] || fail "it copied a directory up"
