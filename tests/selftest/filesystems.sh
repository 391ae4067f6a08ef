#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every kind of filesystem the harness makes is what it is called, and anybody may write to it.
. "$(dirname "$0")/../lib.sh"
need_root
for kind in btrfs btrfs-dup btrfs-raid1 xfs xfs-noreflink ext4 tmpfs overlay; do
	make_fs "$kind" "$kind"
	expect_equal "$(findmnt --noheadings --output FSTYPE "$T/$kind")" "${kind%%-*}" "$kind"
	[ "$kind" = overlay ] || as_nobody touch "$T/$kind/x"
done
make_fs btrfs "with options" compress=zstd
expect_text <(findmnt --noheadings --output OPTIONS "$T/with options") compress=zstd
expect_status 1 as_nobody touch "$T/x"
expect_equal "$(as_nobody id -u)" 65534

touch "$T/btrfs/plain" "$T/btrfs/flagged"
chattr +C "$T/btrfs/flagged"
is_nocow "$T/btrfs/flagged"
! is_nocow "$T/btrfs/plain" || fail "no flag was set"

make_image "$T/btrfs/plain" 8M
fragment "$T/btrfs/plain" 500
[ "$(runs_of "$T/btrfs/plain")" -gt 100 ] || fail "random writes did not fragment a CoW file"
sum=$(sum_of "$T/btrfs/plain")
make_image "$T/btrfs/flagged" 8M
fragment "$T/btrfs/flagged" 500
[ "$(runs_of "$T/btrfs/flagged")" -lt 10 ] || fail "random writes fragmented a NOCOW file"
expect_equal "$(sum_of "$T/btrfs/flagged")" "$sum" "what the same seed writes"
