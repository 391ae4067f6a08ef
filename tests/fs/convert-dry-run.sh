#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --dry-run says what would be done, and how long it would take, refuses what would be refused, and changes nothing at all.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
make_image v.raw 2M
truncate -s 3M v.raw
make_image linked.raw 1M
ln linked.raw second
before=$(folder_of .)

# The estimate writes to an unnamed file, and keeps to the bandwidth.
expect_status 0 cowctl convert --json --dry-run --bandwidth 1M v.raw
expect_json '.images[0].seconds_needed | . > 3 and . < 10' # read, and read back

expect_status 0 cowctl convert --json --dry-run v.raw
expect_json '.images[0] | .result == "planned" and .from == "on" and .to == "off"'
expect_json '.images[0] | .bytes_copied == 2097152 and .bytes_holes == 1048576 and .verified != true'
expect_json '.images[0].original == null and .images[0].seconds_needed > 0'
expect_json '.summary.seconds_needed == .images[0].seconds_needed'
expect_status 0 cowctl convert --dry-run --keep-original --preallocate v.raw
expect_out planned
expect_status 2 cowctl convert --json --dry-run linked.raw v.raw
expect_json '.images | map(.result) == ["refused", "planned"] and .[0].seconds_needed == null'
expect_status 2 cowctl convert --dry-run linked.raw v.raw
expect_err "in about"
exec 3<v.raw
expect_status 2 cowctl convert --dry-run v.raw
expect_out refused
exec 3<&-

expect_equal "$(folder_of .)" "$before" "the folder"
expect_status 0 cowctl convert v.raw
