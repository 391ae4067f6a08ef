#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K22: being cloned or snapshotted leaves no trace in a file's inode, nor always in the generation.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
cd "$T/b"
make_image image 1M
sync -f .
generation() {
	cat "/sys/fs/btrfs/$(findmnt --noheadings --output UUID --target .)/generation"
}
inode() {
	stat -c '%i %s %b %Y %Z %W' image
	stat -c '%y %z' image
}

: >other # begins a transaction
before=$(inode) started=$(generation)
cp --reflink=always image clone
expect_equal "$(generation)" "$started" "generation after a clone in the same transaction"
filefrag -v image | grep -q shared || fail "nothing is shared"
btrfs -q subvolume snapshot . snapshot
expect_equal "$(inode)" "$before" "inode of what was cloned and snapshotted"

# XFS has no generation to ask for, and says as little
make_fs xfs x
cd "$T/x"
make_image image 1M
sync -f .
before=$(inode)
cp --reflink=always image clone
sync -f .
filefrag -v image | grep -q shared || fail "nothing is shared"
expect_equal "$(inode)" "$before" "inode of what was cloned"
