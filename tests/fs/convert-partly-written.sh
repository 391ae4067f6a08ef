#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A preallocated image of which a guest has written a little everywhere comes out in one piece, and needs
# no more room than it takes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require xfs_io

# partly FILE STEP: 16 KiB of data in every STEP bytes of 48 MiB
partly() {
	local at writes=()
	fallocate -l 48M "$1"
	for ((at = 0; at < 48 << 20; at += $2)); do
		writes+=(-c "pwrite -q -S 0x5a $at 16k")
	done
	xfs_io "${writes[@]}" -c fsync "$1"
}

for kind in btrfs xfs ext4; do
	make_fs "$kind" "$kind"
	for step in 65536 1048576; do
		image=$T/$kind/$step.raw
		: >"$image"
		[ "$kind" != btrfs ] || chattr +C "$image"
		partly "$image" "$step"
		before=$(state_of "$image")
		allocated=$(du -k "$image" | cut -f1) # with the blocks that list so many pieces
		expect_status 0 cowctl convert --json --dry-run --rewrite "$image"
		expect_json '.images[0].bytes_needed | . >= 50331648 and . < 54525952'
		expect_status 0 cowctl convert --json --rewrite "$image"
		expect_json '.images[0] | .result == "converted" and .bytes_needed < 54525952'
		expect_equal "$(state_of "$image")" "$before" "what is kept on $kind"
		[ "$(runs_of "$image")" -le 4 ] || fail "$kind $step: $(runs_of "$image") runs"
		after=$(du -k "$image" | cut -f1)
		[[ $after -ge $((48 << 10)) && $after -le $allocated ]] ||
			fail "$kind $step: $after KiB allocated, $allocated before"
	done
done
expect_status 0 cowctl convert --json --cow on --rewrite "$T/btrfs/65536.raw"
[ "$(runs_of "$T/btrfs/65536.raw")" -le 4 ] || fail "$(runs_of "$T/btrfs/65536.raw") runs with CoW"
