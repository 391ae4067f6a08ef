#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where nothing can be written nothing is measured, and the answer comes from what the kernel says.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir "$T/b/nocow"
chattr +C "$T/b/nocow"
btrfs -q subvolume snapshot -r "$T/b" "$T/b/snap" >"$T/log"

expect_status 0 cowctl probe --json "$T/b/snap" "$T/b/snap/nocow"
expect_json '.paths[0] | .overwrite == "copied" and .evidence == "reported"'
expect_json '.paths[0] | .layers[0].detail | .read_only == true and .subvolume == "snap"'
expect_json '.paths[0].reason | contains("not measured")'
expect_json '.paths[1] | .overwrite == "in-place" and .evidence == "reported"'

mount -o remount,ro "$T/b"
expect_status 0 cowctl probe --json "$T/b"
expect_json '.paths[0] | .overwrite == "copied" and .layers[0].detail.read_only == true'
