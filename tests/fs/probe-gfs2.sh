#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# GFS2 overwrites in place, so there is nothing to switch off. It has no unnamed files to measure with.
. "$(dirname "$0")/../lib.sh"
need_kernel gfs2
make_fs gfs2 f

expect_status 0 cowctl probe --json "$T/f"
expect_json '.paths[0].layers | map(.type)[:2] == ["gfs2", "loop"]'
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "inferred" and .switch == "not-needed"'
expect_json '.paths[0] | .reason | contains("not measured")'
expect_json '.paths[0] | .nocow != true and .new_files.nocow != true'
