#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is preallocated and was never written is unshared, too, and is still preallocated afterwards.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require btrfs
make_fs btrfs b
btrfs -q subvolume create "$T/b/images"
chattr +C "$T/b/images"
cd "$T/b/images"
fallocate -l 30000001 v.raw
make_image v.raw 2M
truncate -s 30000001 v.raw
dd if=/dev/urandom of=v.raw bs=4K count=1 seek=3000 conv=notrunc status=none
dd if=/dev/urandom of=v.raw bs=4K count=1 seek=3003 conv=notrunc status=none
fallocate --punch-hole --offset 20M --length 1M v.raw
sync .
kinds_of() {
	"$COW_BUILD/tests/image" sync "$1" >"$T/extents"
	sed -n 's/^bytes=//p; s/^unwritten=//p' "$T/extents" | paste -sd' '
}
read -r bytes unwritten <<<"$(kinds_of v.raw)"
[ "$unwritten" -gt 25000000 ] || fail "only $unwritten bytes are preallocated"
btrfs -q subvolume snapshot . ../snapshot
expect_unshared v.raw
cmp v.raw ../snapshot/v.raw
# but for 3 blocks: a gap of less than 64 KiB between data is written, and so is the end, which is no
# whole block
expect_equal "$(kinds_of v.raw)" "$bytes $((unwritten - 12288))" 'bytes, and of these unwritten'

# beyond the end it is left alone, and known to be
fallocate --keep-size --offset 40M --length 1M v.raw
sync .
btrfs -q subvolume snapshot . ../snapshot2
expect_status 0 cowctl unshare --json v.raw
expect_json '.images[0].result == "unshared"'
cmp v.raw ../snapshot2/v.raw
