#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems on thin volumes and VDO: what the one keeps in its place the other may not.
. "$(dirname "$0")/lib.sh"
need_lab dm-thin-pool btrfs xfs ext4 raid1 md-mod
truncate -s 320M "$T"/{1,2}.img
truncate -s 16M "$T/meta.img"
one=$(losetup --find --show "$T/1.img")
two=$(losetup --find --show "$T/2.img")
meta=$(losetup --find --show "$T/meta.img")
at_end 'umount "$T"/on/* || :; dmsetup remove_all; mdadm --stop --scan || :; losetup --detach "$one" "$two" "$meta"'
mdadm --create /dev/md9 --run --assume-clean --level=1 --raid-devices=2 --metadata=1.2 "$one" "$two" \
	</dev/null >"$T/log" 2>&1 || { cat "$T/log" >&2; fail mdadm; }
dmsetup create pool --table "0 622592 thin-pool $meta /dev/md9 128 0"

# on KIND ID: a filesystem on a thin volume of its own, in a mirror
on() {
	mkdir -p "$T/on/$1"
	dmsetup message pool 0 "create_thin $2"
	dmsetup create "thin$2" --table "0 $3 thin /dev/mapper/pool $2"
	"${@:4}" "/dev/mapper/thin$2" >"$T/log" 2>&1 || { cat "$T/log" >&2; fail "$4"; }
	mount "/dev/mapper/thin$2" "$T/on/$1"
}
on btrfs 1 229376 mkfs.btrfs -q -K -m single -d single
on xfs 2 622592 mkfs.xfs -q -K
on ext4 3 131072 mkfs.ext4 -q -E nodiscard
mkdir "$T/on/btrfs/nocow"
chattr +C "$T/on/btrfs/nocow"
truth "btrfs on dm-thin on md raid1" "$T/on/btrfs" "$T"/[12].img
for file in btrfs/nocow xfs ext4; do
	file=$T/on/$file/file
	witness write "$file"
	type=$(stat -f -c %T "$file")
	truth_young "$type on dm-thin on md raid1, file, no snapshot" "$file" "$T"/[12].img
done
for id in 1 2 3; do
	dmsetup suspend thin$id
	dmsetup message pool 0 "create_snap 1$id $id"
	dmsetup resume thin$id
done
for file in btrfs/nocow xfs ext4; do
	file=$T/on/$file/file
	type=$(stat -f -c %T "$file")
	truth "$type on dm-thin on md raid1, file, with a snapshot of the volume" "$file" "$T"/[12].img
done
truth_end
