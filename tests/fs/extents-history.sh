#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a snapshot did to a NOCOW file outlives the snapshot: nothing is shared any more, and still
# the next overwrite of each old extent goes elsewhere.
. "$(dirname "$0")/../lib.sh"
need_root
require btrfs

extents() {
	"$COW_BUILD/tests/image" "$1" "$2" >"$T/extents"
}

make_fs btrfs fs
cd "$T/fs"
btrfs -q subvolume create images
chattr +C images
make_image images/image 8M
sync .
extents extents images/image
expect_text "$T/extents" shared=0 old=0

btrfs -q subvolume snapshot images snapshot
extents extents images/image
expect_text "$T/extents" "shared=$((8 << 20))" "old=$((8 << 20))"

btrfs -q subvolume delete --commit-after snapshot
btrfs subvolume sync . >/dev/null
extents extents images/image
expect_text "$T/extents" shared=0 "old=$((8 << 20))"

# overwriting makes young again what it overwrites, and moved exactly that, once
before=$(runs_of images/image)
dd if=/dev/urandom of=images/image bs=1M count=2 conv=notrunc status=none
extents sync images/image
expect_text "$T/extents" "old=$((6 << 20))"
moved=$(runs_of images/image)
[ "$moved" -gt "$before" ] || fail "the overwrite of old extents did not move them"
dd if=/dev/urandom of=images/image bs=1M count=2 conv=notrunc status=none
sync images/image
expect_equal "$(runs_of images/image)" "$moved" 'runs after the second overwrite'

# a new file is young, a hole has no age, and a read-only snapshot can be asked as well
make_image images/new 1M
truncate -s 4M images/new
sync .
extents extents images/new
expect_text "$T/extents" old=0
btrfs -q subvolume snapshot -r images readonly
extents extents readonly/new
expect_text "$T/extents" "old=$((1 << 20))"

# a balance counts as a snapshot, for the files it did not move as well
btrfs -q subvolume create other
chattr +C other
make_image other/image 4M
sync .
touch other/image # a balance passes by a subvolume that nobody touches
btrfs -q balance start -m .
extents extents other/image
expect_text "$T/extents" shared=0 "old=$((4 << 20))"

# it takes root, and Btrfs
expect_status 0 as_nobody "$T/.build/tests/image" extents images/image
expect_out old=permission
make_fs ext4 other-kind
echo data >"$T/other-kind/file"
expect_status 0 "$COW_BUILD/tests/image" extents "$T/other-kind/file"
expect_out old=unsupported
