#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Software RAID, and memory with a disk's face.
. "$(dirname "$0")/lib.sh"
need_lab md-mod raid0 raid1 raid10 raid456 zram
require mdadm
disks=()
for i in 1 2 3 4; do
	truncate -s 48M "$T/$i.img"
	disks+=("$(losetup --find --show "$T/$i.img")")
done
at_end 'mdadm --stop --scan 2>"$T/log" || :; losetup --detach "${disks[@]}"'
for level in raid0 raid1 raid10 raid4 raid5 raid6; do
	mdadm --create /dev/md9 --run --assume-clean --level=$level --raid-devices=4 --metadata=1.2 \
		"${disks[@]}" </dev/null >"$T/log" 2>&1 || { cat "$T/log" >&2; fail $level; }
	witness write /dev/md9
	truth "md, $level" /dev/md9 "$T"/[1-4].img
	mdadm --stop /dev/md9 2>"$T/log"
	mdadm --zero-superblock "${disks[@]}"
done
echo 64M >/sys/block/zram0/disksize
witness write /dev/zram0
truth "zram" /dev/zram0
truth_end
