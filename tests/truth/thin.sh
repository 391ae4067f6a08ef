#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Thin volumes, and ext4 on them; VDO, which always copies; both under a filesystem that doesn't.
. "$(dirname "$0")/lib.sh"
need_lab dm-thin-pool dm-vdo ext4
truncate -s 16M "$T/meta.img"
truncate -s 256M "$T/data.img"
truncate -s 8G "$T/vdo.img"
meta=$(losetup --find --show "$T/meta.img")
data=$(losetup --find --show "$T/data.img")
vdo=$(losetup --find --show "$T/vdo.img")
at_end 'umount "$T/mv" || :; dmsetup remove_all; losetup --detach "$meta" "$data" "$vdo"'
# snapshot ID: of the thin volume
snapshot() {
	dmsetup suspend thin
	dmsetup message pool 0 "create_snap $1 0"
	dmsetup resume thin
}
dmsetup create pool --table "0 524288 thin-pool $meta $data 128 0"
dmsetup message pool 0 "create_thin 0"
dmsetup create thin --table "0 131072 thin /dev/mapper/pool 0"
witness write /dev/mapper/thin
snapshot 1
truth "dm-thin, with a snapshot" /dev/mapper/thin "$T/data.img"
witness write /dev/mapper/thin
snapshot 2
dmsetup message pool 0 "delete 1"
dmsetup message pool 0 "delete 2"
truth "dm-thin, snapshots deleted" /dev/mapper/thin "$T/data.img"
truth_young "dm-thin, the same once it was overwritten" /dev/mapper/thin "$T/data.img"

vdoformat --force --logical-size=1G "$vdo" >"$T/log" 2>&1 || { cat "$T/log" >&2; fail vdoformat; }
dmsetup create v --table "0 2097152 vdo V4 $vdo $((8 << 18)) 4096 32768 16380" || { dmesg | tail -5 >&2; fail vdo; }
witness write /dev/mapper/v
truth "dm-vdo" /dev/mapper/v "$T/vdo.img"
mkfs.ext4 -q -E nodiscard /dev/mapper/v
mkdir "$T/mv"
mount /dev/mapper/v "$T/mv"
truth "ext4 on dm-vdo" "$T/mv" "$T/vdo.img"
truth_end
