#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Space that was preallocated stays so, unwritten, beyond the end as well; --preallocate takes the
# whole size.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
unwritten() { # KiB, beyond the end included
	filefrag -e -b1024 -- "$1" | awk '/unwritten/ { n += $6 } END { print n + 0 }'
}
image=$T/b/v.raw
make_image "$image" 1M
fallocate -o 2M -l 1M "$image"
fallocate --keep-size -o 4M -l 2M "$image"
sync "$image"
expect_equal "$(unwritten "$image")" $((1024 + 2048)) "KiB unwritten"

expect_converted off "$image"
expect_equal "$(unwritten "$image")" $((1024 + 2048)) "KiB unwritten, off"
expect_equal "$(stat -c %s "$image")" $((3 << 20)) size
expect_converted on "$image"
expect_equal "$(unwritten "$image")" $((1024 + 2048)) "KiB unwritten, on"

image=$T/b/hot.raw
make_image "$image" 1M
truncate -s 8M "$image"
expect_converted off "$image" --preallocate
expect_equal "$(unwritten "$image")" $((7 * 1024)) "KiB of the hole"
expect_equal "$(du -k "$image" | cut -f1)" 8192 "KiB allocated"
runs=$(runs_of "$image")
fragment "$image" 1000
expect_equal "$(runs_of "$image")" "$runs" "runs after the hole was filled"

image=$T/b/empty.raw
touch "$image"
fallocate --keep-size -l 2M "$image"
sync "$image"
expect_converted off "$image"
expect_equal "$(unwritten "$image")" 2048 "KiB unwritten of an empty image"
expect_equal "$(stat -c %s "$image")" 0 size
