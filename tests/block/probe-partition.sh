#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A partition leads to its disk, here a loop device, and on from there.
. "$(dirname "$0")/../lib.sh"
need_lab ext4 # many kernels show no partitions on loop devices
truncate -s 64M "$T/disk.img"
# A partition table by hand: one of type 0x83, from sector 2048, 100000 sectors long.
{
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\240\206\001\0' | dd of="$T/disk.img" bs=1 seek=446 conv=notrunc
	printf '\125\252' | dd of="$T/disk.img" bs=1 seek=510 conv=notrunc
} 2>"$T/log"
device=$(losetup --find --show --partscan "$T/disk.img")
at_end 'losetup --detach "$device"'
mkfs.ext4 -q "${device}p1"
mkdir "$T/m"
mount "${device}p1" "$T/m"

expect_status 0 cowctl probe --json "$T/m" "${device}p1"
expect_json '.paths[0].layers | map(.type)[:3] == ["ext4", "partition", "loop"]'
expect_json '.paths[0].layers[1:3] | map(.name) == [$d + "p1", $d]' --arg d "$device"
expect_json '.paths[1].layers[0] | .type == "partition" and .overwrite == "in-place" and .evidence == "reported"'
umount "$T/m"
