#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mounted with nodatacow, new files are born in place; files that were there before are not changed.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
make_image "$T/b/old.img" 1M
mount -o remount,nodatacow "$T/b"
make_image "$T/b/new.img" 1M

expect_status 0 cowctl probe --json "$T/b" "$T/b/old.img" "$T/b/new.img"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "measured" and .switch == "mount-option"'
expect_json '.paths[0] | .nocow == false and .new_files.nocow == true'
expect_json '.paths[0].layers[0].detail | .nodatacow == true and (.mount_options | contains("nodatacow"))'
expect_json '.paths[1] | .overwrite == "copied" and .nocow == false and .new_files.overwrite == "in-place"'
expect_json '.paths[2] | .overwrite == "in-place" and .nocow == true'
