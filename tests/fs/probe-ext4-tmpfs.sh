#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ext4 is measured; tmpfs has no addresses to measure, and what is said of it is marked as a guess.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs ext4 e
make_fs tmpfs m

expect_status 0 cowctl probe --json "$T/e" "$T/m"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "measured" and .switch == "not-needed"'
expect_json '.paths[0].layers | map(.type)[:2] == ["ext4", "loop"]'
expect_json '.paths[1] | .overwrite == "in-place" and .evidence == "inferred"'
expect_json '.paths[1].layers | length == 1 and .[0].type == "tmpfs"'

# Without measuring, a name is all there is.
expect_status 0 cowctl probe --no-measure --json "$T/e"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "inferred"'
