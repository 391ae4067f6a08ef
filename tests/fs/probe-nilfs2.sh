#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# NILFS2 writes everything elsewhere; it takes the NOCOW flag and drops it. It has no unnamed files to measure with.
. "$(dirname "$0")/../lib.sh"
need_kernel nilfs2
make_fs nilfs2 f

expect_status 0 cowctl probe --json "$T/f"
expect_json '.paths[0].layers | map(.type)[:2] == ["nilfs2", "loop"]'
expect_json '.paths[0] | .overwrite == "copied" and .evidence == "inferred" and .switch == "none"'
expect_json '.paths[0] | .reason | contains("not measured")'
expect_json '.paths[0] | .nocow != true and .new_files.nocow != true'
