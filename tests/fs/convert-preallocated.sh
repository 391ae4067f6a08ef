#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Space that was preallocated stays so, unwritten, beyond the end as well; --preallocate takes the
# whole size.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
unwritten() { # KiB, beyond the end included
	filefrag -e -b1024 -- "$1" | awk '/unwritten/ { n += $6 } END { print n + 0 }'
}
image=$T/b/v.raw
make_image "$image" 1M
fallocate -o 2M -l 1M "$image"
fallocate --keep-size -o 4M -l 2M "$image"
sync "$image"
expect_equal "$(unwritten "$image")" $((1024 + 2048)) "KiB unwritten"

expect_converted off "$image"
expect_equal "$(unwritten "$image")" $((1024 + 2048)) "KiB unwritten, off"
expect_equal "$(stat -c %s "$image")" $((3 << 20)) size
expect_converted on "$image"
expect_equal "$(unwritten "$image")" $((1024 + 2048)) "KiB unwritten, on"

image=$T/b/hot.raw
make_image "$image" 1M
truncate -s 8M "$image"
expect_converted off "$image"
expect_status 0 cowctl convert --preallocate "$image" # which is as wanted but for that
expect_err "not preallocated" "--rewrite"
expect_converted off "$image" --preallocate --rewrite
expect_status 0 cowctl convert --preallocate "$image"
expect_equal "$(cat "$T/err")" "" "nothing to be said"
expect_equal "$(unwritten "$image")" $((7 * 1024)) "KiB of the hole"
expect_equal "$(du -k "$image" | cut -f1)" 8192 "KiB allocated"
runs=$(runs_of "$image")
fragment "$image" 1000
expect_equal "$(runs_of "$image")" "$runs" "runs after the hole was filled"

image=$T/b/empty.raw
touch "$image"
fallocate --keep-size -l 2M "$image"
sync "$image"
expect_converted off "$image"
expect_equal "$(unwritten "$image")" 2048 "KiB unwritten of an empty image"
expect_equal "$(stat -c %s "$image")" 0 size

# Also when it was read, and its zeros are in the page cache, where XFS and ext4 call them data. What was written
# to it and has not reached the disk is data.
for kind in xfs ext4; do
	make_fs "$kind" "$kind"
	image=$T/$kind/v.raw
	make_image "$image" 1M
	fallocate -o 2M -l 8M "$image"
	sync "$image"
	cat "$image" >"$T/read"
	expect_status 0 cowctl convert --dry-run --rewrite --json "$image"
	expect_json '.images[0].bytes_copied == 1048576'
	printf x | dd of="$image" bs=1M seek=4 conv=notrunc status=none
	before=$(state_of "$image")
	expect_status 0 cowctl convert --rewrite --json "$image"
	expect_json '.images[0].bytes_copied < 2097152'
	expect_equal "$(state_of "$image")" "$before" "what is kept on $kind"
	kept=$(unwritten "$image")
	[ "$kept" -ge 7168 ] || fail "$kept KiB of 8 MiB are unwritten on $kind"
	cat "$image" >"$T/read"
	expect_status 0 cowctl clone --json --reflink=never "$image" "$T/$kind/clone.raw"
	expect_json '.image.bytes_copied < 2097152'
	cmp "$image" "$T/$kind/clone.raw"

	# With a byte written here and there, both are read, and cached, in one piece.
	image=$T/$kind/scattered.raw
	fallocate -l 32M "$image"
	for ((at = 1 << 19; at < 32 << 20; at += 1 << 20)); do
		printf x | dd of="$image" bs=1 seek="$at" conv=notrunc status=none
	done
	sync "$image"
	dd if="$image" iflag=nocache count=0 status=none
	cat "$image" >"$T/read"
	before=$(state_of "$image")
	expect_status 0 cowctl convert --rewrite --json "$image"
	expect_json '.images[0].bytes_copied < 2097152'
	expect_equal "$(state_of "$image")" "$before" "what is kept of scattered writes on $kind"
done
