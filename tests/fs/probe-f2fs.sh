#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# F2FS takes the NOCOW flag and drops it: what is said of it comes from the measurement alone.
. "$(dirname "$0")/../lib.sh"
need_kernel f2fs
FS_SIZE=20G make_fs f2fs large
FS_SIZE=2G make_fs f2fs small

expect_status 0 cowctl probe --json "$T/large" "$T/small"
expect_json '.paths[0].layers | map(.type)[:2] == ["f2fs", "loop"]'
expect_json '.paths[0] | .overwrite == "copied" and .evidence == "measured" and .switch != "attribute"'
expect_json '.paths | all(.nocow == false and .new_files.nocow == false)'
expect_json '.paths[1] | .overwrite == "in-place" and .evidence == "measured"'
