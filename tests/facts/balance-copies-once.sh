#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K8: a balance does to a NOCOW file what a snapshot does: blocks are copied once more.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs btrfs b
chattr +C "$T/b"
make_image "$T/b/image" 1M
sync -f "$T/b"
touch "$T/b/image" # a subvolume that nobody touches is passed by
btrfs -q balance start -m "$T/b"
before=$(places_of "$T/b/image")
xfs_io -c 'pwrite -q 0 128k' -c fsync "$T/b/image"
[ "$(places_of "$T/b/image")" != "$before" ] || fail "the overwrite stayed in place"
