#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On Btrfs the flag of a directory decides what its new files get, and a subvolume made in it does not
# take the flag over.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b

expect_status 0 cowctl probe --json "$T/b"
expect_json '.paths[0] | .overwrite == "copied" and .evidence == "measured" and .switch == "attribute"'
expect_json '.paths[0] | .new_files == {overwrite: "copied", nocow: false} and (.remedy | type) == "string"'
expect_json '.paths[0].layers | map(.type)[:2] == ["btrfs", "loop"]'
expect_json '.paths[0].layers[0].detail | .data_profile == "single" and .devices == 1 and .subvolume == "/"
	and .zoned == false and .nodatacow == false and .read_only == false and .mount_point == $m' --arg m "$T/b"
expect_json '.paths[0].layers[0].detail.fsid == $id' --arg id "$(findmnt -no UUID "$T/b")"

mkdir "$T/b/images"
chattr +C "$T/b/images"
expect_status 0 cowctl probe --json "$T/b/images"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "measured" and .nocow == true'
expect_json '.paths[0] | .new_files == {overwrite: "in-place", nocow: true} and .remedy == null'

btrfs -q subvolume create "$T/b/images/sub vol" >"$T/log"
expect_status 0 cowctl probe --json "$T/b/images/sub vol"
expect_json '.paths[0] | .overwrite == "copied" and .new_files.nocow == false'
expect_json '.paths[0].layers[0].detail.subvolume == "sub vol"'

expect_status 0 cowctl probe "$T/b"
expect_out "$T/b" "copied (measured)" "remedy" "data profile single"
