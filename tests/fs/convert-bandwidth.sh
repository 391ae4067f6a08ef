#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A limit of bandwidth is kept: copying and verifying take at least as long as it says.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
make_image "$T/b/v.raw" 8M
expect_status 0 cowctl convert --json --bandwidth 16M "$T/b/v.raw"
expect_json '.images[0] | .result == "converted" and .seconds >= 0.9' # 0.5 s each, but for the slack
for bad in 0 x -1 ""; do
	expect_status 3 cowctl convert --bandwidth "$bad" "$T/b/v.raw"
done
