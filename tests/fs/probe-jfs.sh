#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# JFS overwrites in place; it takes the NOCOW flag and drops it. It has no unnamed files to measure with,
# and tells only root where a named one lies.
. "$(dirname "$0")/../lib.sh"
need_kernel jfs
make_fs jfs f

expect_status 0 cowctl probe --json "$T/f"
expect_json '.paths[0].layers | map(.type)[:2] == ["jfs", "loop"]'
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "inferred" and .switch == "not-needed"'
expect_json '.paths[0] | .reason | contains("not measured")'
expect_json '.paths[0] | .nocow != true and .new_files.nocow != true'

expect_status 0 cowctl probe --named --json "$T/f"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "measured"'
expect_status 0 as_nobody cowctl probe --named --json "$T/f"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "inferred"'
expect_json '.paths[0].reason | contains("not measured")'
