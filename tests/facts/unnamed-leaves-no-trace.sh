#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K15: an unnamed temporary file leaves its directory as it was, times included, and gets a name later
# only if it is asked to.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
for kind in btrfs xfs ext4 tmpfs; do
	make_fs "$kind" "$kind"
	touch -d '2001-01-01' "$T/$kind"
	xfs_io -T -c 'pwrite -q 0 128k' -c fsync "$T/$kind"
	expect_equal "$(stat -c %y "$T/$kind" | cut -d. -f1)" "2001-01-01 00:00:00" "time on $kind"
	xfs_io -T -c 'pwrite -q 0 128k' -c "flink $T/$kind/named" "$T/$kind"
	expect_equal "$(stat -c %s "$T/$kind/named")" 131072 "size on $kind"
done
