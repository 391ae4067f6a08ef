#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Something before or behind them: bcache, a mirror of which one half is elsewhere, and servers, of which one can
# be looked at from here.
. "$(dirname "$0")/lib.sh"
need_lab bcache nbd drbd ext4
require make-bcache qemu-nbd drbdmeta drbdsetup

truncate -s 96M "$T"/{home,cache,served,half}.img
home=$(losetup --find --show "$T/home.img")
cache=$(losetup --find --show "$T/cache.img")
at_end 'umount "$T/on" || :; drbdsetup down half || :; qemu-nbd --disconnect /dev/nbd0 >/dev/null || :'
make-bcache --bucket 64k --cache "$cache" --bdev "$home" >"$T/log"
for device in "$cache" "$home"; do
	echo "$device" >/sys/fs/bcache/register
done
until [ -b /dev/bcache0 ]; do :; done
bcache=/sys/block/bcache0/bcache
witness write /dev/bcache0
truth "bcache, writethrough" /dev/bcache0 "$T/home.img"
# What waits in the cache is brought home as soon as may be.
echo writeback >$bcache/cache_mode
for setting in percent delay; do
	echo 0 >$bcache/writeback_$setting
done
WITNESS_SETTLE="until [ \$(cat $bcache/state) != dirty ]; do :; done" \
	truth "bcache, writeback" /dev/bcache0 "$T/home.img"

half=$(losetup --find --show "$T/half.img")
drbdmeta --force 0 v08 "$half" internal create-md >"$T/log" 2>&1
drbdsetup new-resource half
drbdsetup new-minor half 0 0
drbdsetup attach 0 "$half" "$half" internal
drbdsetup primary 0 --force
losetup --detach "$half"
witness write /dev/drbd0
truth "drbd, without its peer" /dev/drbd0 "$T/half.img"

qemu-nbd --connect /dev/nbd0 --format raw --cache writethrough --fork "$T/served.img"
until [ "$(cat /sys/block/nbd0/size)" != 0 ]; do :; done
witness write /dev/nbd0
truth "nbd" /dev/nbd0 "$T/served.img"
mkfs.ext4 -q /dev/nbd0
mkdir "$T/on"
mount /dev/nbd0 "$T/on"
truth "ext4 on nbd" "$T/on" "$T/served.img"
truth "9p" "$COW_TRUTH" # the host shows it to the guest
truth_end
