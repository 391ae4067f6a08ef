#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Device mapper: each target by its own table, on devices of 64 MiB.
. "$(dirname "$0")/lib.sh"
need_lab dm-mod dm-mirror dm-delay dm-flakey dm-era dm-log-writes dm-cache dm-cache-smq \
	dm-writecache dm-crypt dm-integrity dm-raid raid1 raid456 dm-unstripe dm-snapshot xts aes_generic
size=131072 # sectors

# disk NAME: an empty one, filled, for holes are filled somewhere the first time
disk() {
	head -c 64M /dev/zero >"$T/$1.img"
	losetup --find --show "$T/$1.img"
}
a=$(disk a)
b=$(disk b)
c=$(disk c)
at_end 'dmsetup remove_all; losetup --detach "$a" "$b" "$c"'
all=("$T/a.img" "$T/b.img" "$T/c.img")

# fresh: all zeros again
fresh() {
	local image
	for image in "${all[@]}"; do
		dd if=/dev/zero of="$image" bs=1M count=64 conv=notrunc status=none
	done
}
# target WHAT TABLE: the device t is written, asked about and looked at; the next one begins anew
target() {
	fresh
	dmsetup create t --table "$2"
	witness write /dev/mapper/t
	truth "$1" /dev/mapper/t "${all[@]}"
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
fresh
dmsetup create t --table "0 8 integrity $a 0 4 J 1 internal_hash:crc32c"
sectors=$(dmsetup status t | cut -d' ' -f5)
dmsetup remove t
dmsetup create t --table "0 $sectors integrity $a 0 4 J 1 internal_hash:crc32c"
export WITNESS_SETTLE='dmsetup suspend t && dmsetup resume t'
witness write /dev/mapper/t
truth "dm-integrity, journal" /dev/mapper/t "${all[@]}"
unset WITNESS_SETTLE
dmsetup remove t
dmsetup create t --table "0 $sectors integrity $a 0 4 D 1 internal_hash:crc32c"
witness write /dev/mapper/t
truth "dm-integrity, direct" /dev/mapper/t "${all[@]}"
dmsetup remove t

# What waits in a cache is brought home by the policy "cleaner".
fresh
cached="0 $size cache $c $b $a 512 1 writeback"
cat >"$T/settle" <<END
set -e
dmsetup reload t --table "$cached cleaner 0"
dmsetup suspend t
dmsetup resume t
until [ "\$(dmsetup status t | cut -d' ' -f14)" = 0 ]; do :; done
END
dmsetup create t --table "$cached smq 0"
export WITNESS_SETTLE="sh $T/settle"
witness write /dev/mapper/t
truth "dm-cache, writeback" /dev/mapper/t "$T/a.img"
unset WITNESS_SETTLE
dmsetup remove t

# snapshot KIND: of data that is there, first itself and then its origin
snapshot() {
	fresh
	dmsetup create t --table "0 $size linear $a 0"
	witness write /dev/mapper/t
	dmsetup create s --table "0 $size snapshot $a $b $1 16"
	dmsetup create o --table "0 $size snapshot-origin $a"
	truth "dm-snapshot, $2" /dev/mapper/s "${all[@]}"
	truth_young "dm-snapshot, $2, the same once it was overwritten" /dev/mapper/s "${all[@]}"
	truth "dm-snapshot-origin, $2" /dev/mapper/o "${all[@]}"
	dmsetup remove s
	dmsetup remove o
	dmsetup remove t
}
snapshot P lasting
snapshot N transient
truth_end
