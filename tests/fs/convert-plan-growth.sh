#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a plan takes for good is added up: images that share blocks with each other share none afterwards, and
# a dry run says for which of them there is no room then, as the run does that follows.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require jq
FS_SIZE=512M make_fs btrfs b
mkdir "$T/b/d"
cd "$T/b/d"
make_image golden.raw 100M
for i in 1 2 3 4 5 6 7; do
	cp --reflink=always golden.raw "clone$i.raw"
done
sync -f .

expect_status 2 cowctl convert -r --dry-run --json .
expect_json '.summary | .images == 8 and .planned + .refused == 8 and .planned >= 3 and .refused >= 3'
expect_json '.summary | .bytes_grown == .planned * 104857600 and .bytes_needed > .bytes_grown'
expect_json '[.images[].bytes_grown] | unique == [104857600]'
expect_json '[.images[] | select(.result == "refused")] | all(.reason | contains("are left"))'
expect_err "--skip-shared"
planned=$(json "$T/out" .summary.planned)
expect_status 0 cowctl convert -r --dry-run --skip-shared .
expect_status 2 cowctl convert -r --dry-run .
expect_err "00M of it for good"
# So it is for images that are named.
expect_status 2 cowctl convert --dry-run --json ./*.raw
expect_json '.summary.planned == $planned' --argjson planned "$planned"

# An image of its own is free again, unless it is kept.
make_image ../alone.raw 1M
expect_status 0 cowctl convert --dry-run --json ../alone.raw
expect_json '.summary.bytes_grown == 0'
expect_status 0 cowctl convert -k --dry-run --json ../alone.raw
expect_json '.summary.bytes_grown == 1048576'

expect_status 2 cowctl convert -r --json .
expect_json '.summary.converted - $planned | . == 0 or . == 1' --argjson planned "$planned"
