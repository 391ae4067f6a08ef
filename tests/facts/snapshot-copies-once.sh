#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K7: after a snapshot each block of a NOCOW file is copied on its next overwrite and then stays, even
# when the snapshot is gone again and FIEMAP no longer calls anything shared.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs btrfs b
btrfs -q subvolume create "$T/b/sub"
chattr +C "$T/b/sub"
make_image "$T/b/sub/image" 1M
sync -f "$T/b"
before=$(places_of "$T/b/sub/image")
btrfs -q subvolume snapshot "$T/b/sub" "$T/b/snapshot"
btrfs -q subvolume delete --commit-after "$T/b/snapshot"
btrfs subvolume sync "$T/b" >/dev/null
expect_equal "$(filefrag -s -v "$T/b/sub/image" | grep -c shared || :)" 0 "shared extents"

xfs_io -c 'pwrite -q 0 128k' -c fsync "$T/b/sub/image"
once=$(places_of "$T/b/sub/image")
[ "$once" != "$before" ] || fail "the first overwrite stayed in place"
xfs_io -c 'pwrite -q 0 128k' -c fsync "$T/b/sub/image"
expect_equal "$(places_of "$T/b/sub/image")" "$once" "extents after the second overwrite"
