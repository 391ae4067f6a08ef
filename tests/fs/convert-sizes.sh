#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Any size: nothing at all, one byte, less and more than a block, only a hole, and an odd end.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
for size in 0 1 4095 4097 4194305; do
	head -c "$size" /dev/urandom >"size-$size"
done
truncate -s 1T hole
truncate -s 3000000 tail
printf x | dd of=tail bs=1 seek=2999999 conv=notrunc status=none
sync -f .

for image in size-* tail; do
	expect_converted off "$image"
	expect_converted on "$image"
done

# A terabyte of nothing takes no time and no space.
expect_status 0 cowctl convert --json hole
expect_json '.images[0] | .result == "converted" and .bytes_copied == 0 and .bytes_holes == 1099511627776'
expect_equal "$(stat -c '%s %b' hole)" "1099511627776 0" "size and blocks"
is_nocow hole || fail "not NOCOW"
