#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K21: after XFS copied a shared block, blocks beside it are copied once as well, though nobody shares
# them; not so once the filesystem was mounted anew.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs xfs x

# The fifth block is shared, and copied on being overwritten.
copy_one() {
	rm -f "$T/x/clone"
	make_image "$T/x/image" 1M
	sync -f "$T/x"
	xfs_io -f -c "reflink $T/x/image 16k 16k 4k" -c fsync "$T/x/clone" >"$T/log"
	xfs_io -c 'pwrite -q 16k 4k' -c fsync "$T/x/image"
}
write_beside() {
	xfs_io -c 'pwrite -q 20k 4k' -c fsync "$T/x/image"
}
copy_one
! filefrag -v "$T/x/image" | grep -q shared || fail "something is still shared"
before=$(places_of "$T/x/image")
write_beside
after=$(places_of "$T/x/image")
[ "$after" != "$before" ] || fail "the block beside stayed in place"
write_beside
expect_equal "$(places_of "$T/x/image")" "$after" "the places after one more write"

copy_one
umount "$T/x"
_mount_images "$T/x" "" "$T/x.img"
before=$(places_of "$T/x/image")
write_beside
expect_equal "$(places_of "$T/x/image")" "$before" "the places after mounting anew"
