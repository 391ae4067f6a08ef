#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holes of 64 KiB and more stay holes, smaller ones are filled: each would be a fragment one day.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
image=$T/b/v.raw
write() { # AT-KIB KIB
	dd if=/dev/urandom of="$image" bs=1K seek="$1" count="$2" conv=notrunc,fsync status=none
}
truncate -s 8M "$image"
write 0 64
write 128 64   # after a hole of 64 KiB
write 252 4    # after one of 60 KiB
write 4096 128 # after a large one; the rest is a hole as well

expect_converted off "$image"
expect_json '.images[0].bytes_copied == (64 + 128 + 128) * 1024'
expect_json '.images[0] | .bytes_copied + .bytes_holes == 8388608'
data=$(filefrag -e -b1024 "$image" | awk '$1 ~ /^[0-9]+:$/ { n += $6 } END { print n }')
expect_equal "$data" 320 "KiB of data"
expect_equal "$(du -k "$image" | cut -f1)" 320 "KiB allocated"

expect_converted on "$image"
expect_equal "$(du -k "$image" | cut -f1)" 320 "KiB allocated after the way back"
