#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K13: SEEK_DATA passes over holes and over preallocated, unwritten ranges alike; on XFS and ext4 not over
# unwritten ones that were read, until they leave the page cache.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
for kind in btrfs xfs ext4; do
	make_fs "$kind" "$kind"
	xfs_io -f -c 'falloc 0 1M' -c 'pwrite -q 1M 64k' -c 'truncate 4M' -c fsync "$T/$kind/image"
	expect_equal "$(xfs_io -r -c 'seek -a -r 0' "$T/$kind/image" | grep -c DATA)" 1 "data on $kind"
	expect_equal "$(xfs_io -r -c 'seek -d 0' "$T/$kind/image" | awk '/DATA/ { print $2 }')" \
		1048576 "first data on $kind"
	cat "$T/$kind/image" >"$T/read"
	first=$(xfs_io -r -c 'seek -d 0' "$T/$kind/image" | awk '/DATA/ { print $2 }')
	[ "$kind" = btrfs ] || expect_equal "$first" 0 "first data on $kind, when all was read"
	xfs_io -r -c 'fadvise -d 0 1M' "$T/$kind/image"
	expect_equal "$(xfs_io -r -c 'seek -d 0' "$T/$kind/image" | awk '/DATA/ { print $2 }')" \
		1048576 "first data on $kind, when it left the cache"
done
