#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A software RAID keeps blocks in place, and each of its disks is shown below it.
. "$(dirname "$0")/../lib.sh"
need_lab raid1 raid456
require mdadm
disks=()
for name in one two three; do
	truncate -s 64M "$T/$name"
	disks+=("$(losetup --find --show "$T/$name")")
done
at_end 'mdadm --quiet --stop /dev/md/t || true; losetup --detach "${disks[@]}"'

# expect_array LEVEL COUNT
expect_array() {
	mdadm --quiet --create /dev/md/t --run --assume-clean --metadata=1.2 --bitmap=none --level="$1" \
		--raid-devices="$2" "${disks[@]:0:$2}"
	expect_status 0 as_nobody cowctl probe --json "$(realpath /dev/md/t)"
	expect_json ".paths[0].layers[0] | .type == \"md-$1\" and .overwrite == \"in-place\" and .evidence == \"reported\""
	expect_json '.paths[0].layers[0].layers | map(.name) | join(" ") == $d' --arg d "${disks[*]:0:$2}"
	mdadm --quiet --stop /dev/md/t
	mdadm --quiet --zero-superblock "${disks[@]:0:$2}"
}
expect_array raid1 2
expect_array raid5 3
