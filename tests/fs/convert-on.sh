#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Back to copy-on-write: the data has checksums again.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
image=$T/b/v.raw
touch "$image"
chattr +C "$image"
make_image "$image" 4M

expect_converted on "$image"
expect_json '.images[0] | .from == "off" and .to == "on" and .verified == true'

runs=$(runs_of "$image")
fragment "$image" 200
[ "$(runs_of "$image")" -gt "$runs" ] || fail "it is still overwritten in place"

# Preallocation serves nothing there.
expect_status 3 cowctl convert --cow on --preallocate "$image"
