#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where a quota leaves no room for a copy, --dry-run says so and what would help, and --low-space moves the
# image all the same.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs
FS_SIZE=1G make_fs btrfs b
btrfs quota enable "$T/b"
btrfs -q subvolume create "$T/b/d"
image=$T/b/d/v.raw
make_image "$image" 160M
sync -f "$T/b"
btrfs qgroup limit 310M "$T/b/d" # 150 MiB are left

before=$(state_of "$image")
expect_status 2 cowctl convert --json "$image"
expect_json '.images[0] | .result == "failed" and (.reason | contains("Disk quota exceeded"))'
expect_json '.error.remedy | contains("quota") and contains("--low-space")'
expect_status 0 cowctl convert --json --dry-run --low-space "$image"
expect_json '.images[0].result == "planned"'
expect_equal "$(state_of "$image")" "$before" "what is not converted"
expect_converted off "$image" --low-space

# An extent is freed as a whole, so that with less a move would get stuck, and is not begun.
rm "$image"
make_image "$image" 60M
sync -f "$T/b"
btrfs qgroup limit 100M "$T/b/d"
expect_refused "Disk quota exceeded" "$image" --dry-run
expect_json '.error.remedy | contains("quota") and (contains("bit by bit") | not)'
expect_refused "Disk quota exceeded" "$image" --low-space --dry-run
expect_json '.error.remedy | contains("it would need no less")'
expect_json '.images[0].bytes_needed < 68157440' # of a copy
before=$(state_of "$image")
expect_status 2 cowctl convert --json --low-space "$image"
expect_json '.images[0].reason | contains("Disk quota exceeded")'
expect_equal "$(state_of "$image")" "$before" "what is not moved"
expect_equal "$(litter_in "$T/b/d")" "" "what is left"
