#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A mirror of two devices shows both, each down to its disk.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs-raid1 b

expect_status 0 cowctl probe --json "$T/b"
expect_json '.paths[0].layers | length == 1'
expect_json '.paths[0].layers[0] | .type == "btrfs" and .detail.data_profile == "raid1" and .detail.devices == 2'
expect_json '.paths[0].layers[0].layers | map(.detail.backing_file) == [$a, $b]' \
	--arg a "$T/b.img" --arg b "$T/b.img2"
expect_json '.paths[0].layers[0].layers | all(.layers[0].overwrite != "unknown")'

expect_status 0 cowctl probe --output LAYER --noheadings "$T/b"
expect_out "|-loop"
expect_equal "$(grep -c -- '-loop$' "$T/out")" 2 "loop devices in the tree"
