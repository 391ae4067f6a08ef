#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A NOCOW image that snapshots, clones or a balance made copied-once overwrites in place again, in its own
# inode, whether or not the snapshot is still there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require btrfs setfattr
make_fs btrfs b
cd "$T/b"
btrfs -q subvolume create images
chattr +C images
cd images
make_image v.raw 12M
truncate -s 20000001 v.raw
dd if=/dev/urandom of=v.raw bs=1M seek=16 count=1 conv=notrunc status=none
setfattr -n user.mark -v kept v.raw
touch -d '2021-02-03 04:05:06.789' v.raw
sync .
size=$(sed -n 's/^bytes=//p' <("$COW_BUILD/tests/image" sync v.raw))

# stays_in_place: random overwrites move nothing, which is what all this is for
stays_in_place() {
	local before
	cp --reflink=never v.raw "$T/saved"
	before=$(places_of v.raw)
	dd if=/dev/urandom of=v.raw bs=4K count=1 seek=500 conv=notrunc,fsync status=none
	dd if=/dev/urandom of=v.raw bs=64K count=3 seek=100 conv=notrunc,fsync status=none
	expect_equal "$(places_of v.raw)" "$before" 'places after overwriting'
	dd if="$T/saved" of=v.raw bs=1M conv=notrunc,sparse,fsync status=none
}

# shared with a snapshot
expect_status 0 cowctl unshare v.raw
expect_out already
btrfs -q subvolume snapshot . ../snapshot
expect_equal "$(sharing_of v.raw)" "$size $size" 'sharing with a snapshot'
expect_status 0 cowctl unshare --json --dry-run v.raw
expect_json '.images[0] | .result == "planned" and .bytes_rewritten == 0 and .history_known'
expect_json ".images[0] | .bytes == $size and .bytes_shared == $size"
expect_equal "$(sharing_of v.raw)" "$size $size" 'sharing after a dry run'
expect_unshared v.raw
cmp v.raw ../snapshot/v.raw
stays_in_place

# older than a snapshot that is gone: nothing is shared, and still it would be copied
btrfs -q subvolume snapshot . ../gone
btrfs -q subvolume delete --commit-after ../gone
btrfs subvolume sync .. >/dev/null
expect_equal "$(sharing_of v.raw)" "0 $size"
expect_status 0 cowctl unshare --json --dry-run v.raw
expect_json ".images[0] | .bytes == $size and .bytes_shared == 0"
expect_unshared v.raw
stays_in_place

# a clone of a part: all of the extent it lies in is shared
cp --reflink=always v.raw clone.raw
expect_unshared v.raw
expect_status 0 cowctl unshare --json clone.raw
expect_json '.images[0] | .result == "already"'
cmp v.raw clone.raw
stays_in_place
: >part.raw
xfs_io -c "reflink $PWD/v.raw 1048576 0 65536" part.raw >"$T/log"
sync .
expect_unshared v.raw
stays_in_place

# in part shared: only that is written
btrfs -q subvolume snapshot . ../again
dd if=/dev/urandom of=v.raw bs=1M count=4 conv=notrunc,fsync status=none
expect_status 0 cowctl unshare --json --dry-run v.raw
expect_json ".images[0] | .bytes == $size - 4194304"
expect_unshared v.raw
stays_in_place
