#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On XFS the kernel unshares, exactly what is shared; nobody's places move but the image's own.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require xfs_io
make_fs xfs x
cd "$T/x"
make_image v.raw 8M
truncate -s 40000001 v.raw
printf end >>v.raw
touch -d '2021-02-03 04:05:06.789' v.raw
sync .
expect_status 0 cowctl unshare v.raw
expect_out already

cp --reflink=always v.raw clone.raw
places=$(places_of clone.raw)
expect_unshared v.raw
cmp v.raw clone.raw
expect_equal "$(places_of clone.raw)" "$places" 'places of the clone'
expect_status 0 cowctl unshare --json clone.raw
expect_json '.images[0].result == "already"'

# holes and preallocation are not filled
"$COW_BUILD/tests/image" sync v.raw >"$T/extents"
[ "$(sed -n 's/^bytes=//p' "$T/extents")" -lt 16000000 ] || fail 'holes are filled'
fallocate --offset 20M --length 1M v.raw
: >part.raw
xfs_io -c "reflink $PWD/v.raw 1048576 0 65536" part.raw >"$T/log"
sync .
expect_status 0 cowctl unshare --json --dry-run v.raw
expect_json '.images[0] | .bytes == 65536 and .bytes_shared == 65536'
expect_unshared v.raw
