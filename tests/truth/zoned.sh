#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Btrfs on a zoned disk, where nothing can be overwritten.
. "$(dirname "$0")/lib.sh"
need_lab btrfs null_blk
mount -t configfs configfs /sys/kernel/config 2>"$T/log" || :
disk=/sys/kernel/config/nullb/zoned
[ -d "$disk" ] || mkdir "$disk"
for setting in memory_backed=1 zoned=1 zone_size=4 size=512 blocksize=4096 power=1; do
	echo "${setting#*=}" >"$disk/${setting%=*}"
done
device=/dev/zoned # named as in configfs
mkfs.btrfs -q -f -K -O zoned -m single -d single "$device" >"$T/log" 2>&1 || { cat "$T/log" >&2; fail mkfs.btrfs; }
mkdir "$T/z"
mount "$device" "$T/z"
truth "btrfs, zoned" "$T/z" "$device"
witness write "$T/z/file"
truth "btrfs, zoned, file" "$T/z/file" "$device"
truth_end
