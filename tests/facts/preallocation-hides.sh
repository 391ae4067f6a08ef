#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K9: the first write into a preallocated extent stays in place even on a CoW file, the second moves:
# a probe that preallocates is deceived.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs btrfs b
xfs_io -f -c 'falloc 0 1M' "$T/b/image"
address() {
	xfs_io -r -c 'fiemap 0 128k' "$T/b/image" | sed -n '2s/.*: \([0-9]*\)\..*/\1/p'
}
start=$(address)
xfs_io -c 'pwrite -q 0 128k' -c fsync "$T/b/image"
expect_equal "$(address)" "$start" "address after the first write"
xfs_io -c 'pwrite -q 0 128k' -c fsync "$T/b/image"
[ "$(address)" != "$start" ] || fail "the second write stayed in place"
