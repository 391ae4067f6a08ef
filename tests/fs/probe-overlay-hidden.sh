#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a container the upper directory of the root is not in sight. What is measured on top stays said;
# what lies under is unknown, and so is the verdict; nothing is copied up to find out.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir -p "$T/b"/{lower/only,upper,work} "$T/o"
cd "$T/b" # named relative to a place that nobody knows afterwards
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay "$T/o"

expect_status 0 cowctl probe --json "$T/o" # copied, whatever there is below
expect_json '.paths[0] | .overwrite == "copied" and .evidence == "measured"'
expect_json '.paths[0].layers[1] | .type == "unknown" and .overwrite == "unknown"'

chattr +C upper
expect_status 2 cowctl probe --json "$T/o" "$T/o/only"
expect_json '.paths[0] | .overwrite == "unknown" and .new_files == {overwrite: "in-place", nocow: true}'
expect_json '.paths[1] | .overwrite == "unknown" and .layers[0].detail.in_upper == null'
[ ! -e upper/only ] || fail "probing copied a directory up"
