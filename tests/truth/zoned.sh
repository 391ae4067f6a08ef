#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Zoned disks, in most zones of which nothing can be overwritten: Btrfs by itself, and dm-zoned for
# everybody else.
. "$(dirname "$0")/lib.sh"
need_lab btrfs null_blk dm-zoned
mount -t configfs configfs /sys/kernel/config 2>"$T/log" || :

# zoned_disk NAME SETTING...: /dev/NAME
zoned_disk() {
	local disk=/sys/kernel/config/nullb/$1 setting
	mkdir "$disk"
	for setting in memory_backed=1 zoned=1 zone_size=4 blocksize=4096 "${@:2}" power=1; do
		echo "${setting#*=}" >"$disk/${setting%=*}"
	done
}

zoned_disk btrfs size=512
device=/dev/btrfs
mkfs.btrfs -q -f -K -O zoned -m single -d single "$device" >"$T/log" 2>&1 || { cat "$T/log" >&2; fail mkfs.btrfs; }
mkdir "$T/z"
mount "$device" "$T/z"
truth "btrfs, zoned" "$T/z" "$device"
witness write "$T/z/file"
truth "btrfs, zoned, file" "$T/z/file" "$device"

# What dmzadm would write, which Debian doesn't have: a superblock, and a map of chunks without any.
zoned_disk zones size=128 zone_nr_conv=8
little_endian() {
	local n shift
	for n; do
		for shift in 0 8 16 24; do
			# shellcheck disable=SC2059 # the format is the byte
			printf "\\x$(printf %02x $((n >> shift & 255)))"
		done
	done
}
# With this generation, which is the seed of the checksum, that is the usual CRC-32.
superblock() {
	{ little_endian 0x445a4244 1 0xffffffff 0 0 0 34 4 20 1 32 "$1" && cat /dev/zero; } 2>"$T/log" |
		head -c 4096 || :
}
crc=$(superblock 0 | gzip -c | tail -c 8 | od -An -tu4 -N4)
{
	superblock $((~crc))
	head -c 4096 /dev/zero | tr '\0' '\377'
} | dd of=/dev/zones conv=fsync bs=4096 status=none
dmsetup create zoned --table "0 $((20 * 8192)) zoned /dev/zones"
witness write /dev/mapper/zoned
truth_young "dm-zoned, in a conventional zone" /dev/mapper/zoned /dev/zones
dmsetup remove zoned
truth_end
