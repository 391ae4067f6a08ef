#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A thin volume copies once what a snapshot shares with it. Its table doesn't tell whether there is one,
# so the answer is the same before, while and after.
. "$(dirname "$0")/../lib.sh"
need_lab dm-thin-pool ext4
require dmsetup mkfs.ext4
truncate -s 16M "$T/meta"
truncate -s 256M "$T/data"
meta=$(losetup --find --show "$T/meta")
data=$(losetup --find --show "$T/data")
dmsetup create pool --table "0 524288 thin-pool $meta $data 128 0"
dmsetup message pool 0 "create_thin 0"
dmsetup create thin --table "0 262144 thin /dev/mapper/pool 0"
mkfs.ext4 -q /dev/mapper/thin
mkdir "$T/m"
mount /dev/mapper/thin "$T/m"
at_end 'umount "$T/m"; dmsetup remove thin pool; losetup --detach "$meta" "$data"'

expect_thin() {
	expect_status 0 cowctl probe --json "$T/m"
	expect_json '.paths[0].layers | map(.type)[:3] == ["ext4", "dm-thin", "dm-thin-pool"]'
	expect_json '.paths[0] | .overwrite == "copied-once" and (.reason | contains("snapshot"))'
	expect_json '.paths[0].remedy | contains("next write")'
	expect_json '.paths[0].layers[1] | .evidence == "reported" and .name == "/dev/mapper/thin"'
}
expect_thin
dmsetup suspend thin
dmsetup message pool 0 "create_snap 1 0"
dmsetup resume thin
expect_thin
dmsetup message pool 0 "delete 1"
expect_thin

# The table is for root, and a name without a uuid says nothing.
expect_status 2 as_nobody cowctl probe --json "$T/m"
expect_json '.paths[0] | .overwrite == "unknown" and (.layers[1].reason | contains("root"))'
