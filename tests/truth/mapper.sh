#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Device mapper: each target by its own table, on devices of 64 MiB.
. "$(dirname "$0")/lib.sh"
need_lab dm-mod dm-mirror dm-delay dm-flakey dm-era dm-log-writes dm-cache dm-cache-smq \
	dm-writecache dm-crypt dm-integrity dm-raid raid1 raid456 dm-unstripe dm-snapshot xts aes_generic
size=131072 # sectors

truncate -s 64M "$T"/{a,b,c}.img
all=("$T/a.img" "$T/b.img" "$T/c.img")
a=$(losetup --find --show "$T/a.img")
b=$(losetup --find --show "$T/b.img")
c=$(losetup --find --show "$T/c.img")
at_end 'dmsetup remove_all; losetup --detach "$a" "$b" "$c"'

# fresh: all zeros again
fresh() {
	local device
	for device in "$a" "$b" "$c"; do
		blkdiscard --force "$device"
	done
}
# target WHAT TABLE [PLACE...]: the device t is written, asked about and looked at, all anew
target() {
	fresh
	dmsetup create t --table "$2"
	witness write /dev/mapper/t
	[ $# -gt 2 ] || set -- "$@" "${all[@]}"
	truth "$1" /dev/mapper/t "${@:3}"
	dmsetup remove --retry t
}
target "dm-linear" "0 $size linear $a 0"
target "dm-linear, two segments" "0 1024 linear $b 0
1024 1024 linear $a 4096"
target "dm-striped" "0 $size striped 2 128 $a 0 $b 0"
target "dm-unstriped" "0 65536 unstriped 2 128 0 $a 0"
target "dm-mirror" "0 $size mirror core 2 1024 nosync 2 $a 0 $b 0"
target "dm-delay" "0 $size delay $a 0 0"
target "dm-flakey" "0 $size flakey $a 0 3600 0"
target "dm-era" "0 $size era $b $a 4096"
target "dm-log-writes" "0 $size log-writes $a $b"
target "dm-writecache" "0 $size writecache s $a $b 4096 0"
target "dm-cache, writethrough" "0 $size cache $c $b $a 512 1 writethrough smq 0"
target "dm-crypt" "0 $size crypt aes-xts-plain64 $(printf '%064d' 1) 0 $a 0"
target "dm-raid, raid1" "0 $size raid raid1 2 0 nosync 2 - $a - $b"
target "dm-raid, raid5" "0 $size raid raid5_ls 3 128 region_size 1024 3 - $a - $b - $c"
target "dm-snapshot-origin" "0 $size snapshot-origin $a"

# How long it can be is told once it is there; what its journal holds is brought home by a suspend.
integrity="integrity $a 0 4"
fresh
dmsetup create t --table "0 8 $integrity J 1 internal_hash:crc32c"
sectors=$(dmsetup status t | cut -d' ' -f5)
dmsetup remove t
WITNESS_SETTLE='dmsetup suspend t && dmsetup resume t' \
	target "dm-integrity, journal" "0 $sectors $integrity J 1 internal_hash:crc32c"
target "dm-integrity, direct" "0 $sectors $integrity D 1 internal_hash:crc32c"

# What waits in a cache is brought home by the policy "cleaner".
cached="0 $size cache $c $b $a 512 1 writeback"
cat >"$T/settle" <<END
set -e
dmsetup reload t --table "$cached cleaner 0"
dmsetup suspend t
dmsetup resume t
until [ "\$(dmsetup status t | cut -d' ' -f14)" = 0 ]; do :; done
END
WITNESS_SETTLE="sh $T/settle" target "dm-cache, writeback" "$cached smq 0" "$T/a.img"

# snapshot P|N WHAT: of data that is there, first itself and then its origin
snapshot() {
	fresh
	dmsetup create t --table "0 $size linear $a 0"
	witness write /dev/mapper/t
	dmsetup create s --table "0 $size snapshot $a $b $1 16"
	dmsetup create o --table "0 $size snapshot-origin $a"
	truth "dm-snapshot, $2" /dev/mapper/s "${all[@]}"
	truth_young "dm-snapshot, $2, the same once it was overwritten" /dev/mapper/s "${all[@]}"
	truth "dm-snapshot-origin, $2" /dev/mapper/o "${all[@]}"
	dmsetup remove s o t
}
snapshot P lasting
snapshot N transient
truth_end
