#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hole takes no time when an image is moved bit by bit, in either direction, and is counted in the end.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace
FS_SIZE=320M make_fs xfs x
mkdir -m 0755 "$T/x/d"
image=$T/x/d/v.raw
for at in 0 1M 2M 3M; do # of 1 MiB
	dd if=/dev/urandom of="$image" bs=1M seek=$at count=6 conv=notrunc status=none
done
truncate -s 4T "$image"
fallocate --offset 1536G --length 4M --keep-size "$image" # preallocated, between two of them
sync "$image"
layout() {
	stat -c '%s %h' "$1"
	filefrag -v -- "$1" | sed -n 's/^ *[0-9]*: *\([0-9]*[.][.] *[0-9]*\):.*: *\(.*\)/\1 \2/p' | grep -o unwritten
	for at in 0 1M 2M 3M; do
		dd if="$1" bs=1M skip=$at count=6 status=none | sha256sum
	done
}
before=$(layout "$image")
inode=$(stat -c %i "$image")
leave_room 14 "$T/x/fill"

trace_calls "$T/calls" cowctl convert --low-space --rewrite --json "$image"
expect_equal "$(layout "$image")" "$before" "the image"
[ "$(stat -c %i "$image")" != "$inode" ] || fail "not moved"
expect_json '.images[0] | .bytes_copied == 25165824 and .bytes_copied + .bytes_holes == 4398046511104'
renames=$(sed -n 's/^renameat2 //p' "$T/calls")
[ "$renames" -lt 100 ] || fail "$renames renames"

# Killed near the end, and taken back.
trace_inject "renameat2:signal=KILL:when=$((renames - 2))" cowctl convert --low-space --rewrite "$image" &&
	fail "not killed"
expect_status 0 cowctl convert --undo --dry-run --json "$image"
expect_json '.images[0] | .bytes_copied > 0 and .bytes_copied < 25165824 and .bytes_holes > 1099511627776'
trace_calls "$T/calls" cowctl convert --undo "$image"
renames=$(sed -n 's/^renameat2 //p' "$T/calls")
[ "$renames" -lt 100 ] || fail "$renames renames on the way back"
expect_equal "$(layout "$image")" "$before" "the image that was taken back"
expect_equal "$(litter_in "$T/x/d")" "" "what is left"

# Nor is the end rounded up, of what ends where the largest file there can be does.
rm "$image" "$T/x/fill"
dd if=/dev/urandom of="$image" bs=1M count=24 status=none
size=$(((1 << 63) - 4096))
truncate -s "$size" "$image"
printf end | dd of="$image" bs=1 seek=$((size - 3)) conv=notrunc status=none
sync "$image"
ends() {
	head -c 24M "$image" | sha256sum
	tail -c 3 "$image"
}
before=$(ends)
leave_room 14 "$T/x/fill"
expect_status 0 cowctl convert --low-space --rewrite "$image"
expect_equal "$(ends)" "$before" "the image"
trace_inject "renameat2:signal=KILL:when=3" cowctl convert --low-space --rewrite "$image" && fail "not killed"
expect_status 0 cowctl convert --undo "$image"
expect_equal "$(ends)" "$before" "the image that was taken back"

# Nor is that of a window, to blocks that are larger than one.
FS_SIZE=320M make_fs xfs l largeio,allocsize=16m
mkdir -m 0755 "$T/l/d"
image=$T/l/d/v.raw
dd if=/dev/urandom of="$image" bs=1M count=40 status=none
sync "$image"
expect_equal "$(stat -c %o "$image")" $((16 << 20)) "what is called a block"
before=$(sha256sum <"$image")
leave_room 14 "$T/l/fill"
expect_status 0 cowctl convert --low-space --rewrite "$image"
expect_equal "$(sha256sum <"$image")" "$before" "the image"
trace_inject "renameat2:signal=KILL:when=5" cowctl convert --low-space --rewrite "$image" && fail "not killed"
expect_status 0 cowctl convert --undo "$image"
expect_equal "$(sha256sum <"$image")" "$before" "the image that was taken back"
