#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that has a whole disk has its partitions as well, and one that has a partition a part of the disk.
. "$(dirname "$0")/../lib.sh"
need_lab ext4 # many kernels show no partitions on loop devices
require jq mkfs.ext4
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
truncate -s 64M "$T/disk.img"
# two partitions of type 0x83, from sectors 2048 and 51200
{
	printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\100\0\0' | dd of="$T/disk.img" bs=1 seek=446 conv=notrunc
	printf '\0\0\0\0\203\0\0\0\0\310\0\0\0\200\0\0' | dd of="$T/disk.img" bs=1 seek=462 conv=notrunc
	printf '\125\252' | dd of="$T/disk.img" bs=1 seek=510 conv=notrunc
} 2>"$T/log"
device=$(losetup --find --show --partscan "$T/disk.img")
at_end 'losetup --detach "$device"'

# build USED MADE: mkfs on one while the other is open to write
build() {
	expect_status 0 cowctl pool define-as p --session --type fs --source-dev "$2" --source-format ext4 --target "$T/m"
	exec 7<>"$1"
	status=0
	cowctl pool build p --session --overwrite --json >"$T/out" 2>"$T/err" || status=$?
	exec 7<&-
	expect_status 0 cowctl pool undefine p --session
	expect_equal "$status" "$3" "status of mkfs on $2 while $1 is used"
}
build "$device" "${device}p1" 2
build "${device}p1" "$device" 2
build "${device}p1" "${device}p1" 2
build "${device}p1" "${device}p2" 0
