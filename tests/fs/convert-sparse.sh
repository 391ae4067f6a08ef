#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hole takes no time, however large it is: what there is between holes is found, and kept.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 1M
truncate -s 4T "$image"
fallocate --offset 1T --length 4M --keep-size "$image"
printf x | dd of="$image" bs=1M seek=3M conv=notrunc status=none
fallocate --offset 4T --length 4M --keep-size "$image"
sync "$image"
layout() {
	stat -c %s "$1"
	filefrag -v -- "$1" | sed -n 's/^ *[0-9]*: *\([0-9]*[.][.] *[0-9]*\):.*: *\(.*\)/\1 \2/p'
	dd if="$1" bs=1M count=1 status=none | sha256sum
	dd if="$1" bs=1M count=1 skip=3M status=none | sha256sum
}
before=$(layout "$image")
for to in off on; do
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o "$T/trace" -e trace=fdatasync,fallocate,lseek \
		-- "$COWCTL" convert --cow "$to" "$image" >"$T/out"
	expect_equal "$(layout "$image")" "$before" "cow $to"
	calls=$(wc -l <"$T/trace")
	[ "$calls" -lt 500 ] || fail "$calls calls"
done
