#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where nothing can be overwritten, and a Btrfs that grew from a seed device of which the same is true.
. "$(dirname "$0")/lib.sh"
need_kernel squashfs erofs
require mksquashfs mkfs.erofs btrfstune

mkdir "$T/content"
witness write "$T/content/file"
mksquashfs "$T/content" "$T/squashfs.img" -quiet -no-progress
mkfs.erofs "$T/erofs.img" "$T/content" >"$T/log"
for type in squashfs erofs; do
	_mount_images "$T/$type" ro "$T/$type.img"
	truth "$type" "$T/$type" "$T/$type.img"
	truth "$type, file" "$T/$type/file" "$T/$type.img"
done

for type in btrfs ext4; do
	make_fs $type $type
	mkdir "$T/$type/d"
	[ $type = ext4 ] || chattr +C "$T/$type/d"
	witness write "$T/$type/d/file"
done
btrfs -q subvolume snapshot -r "$T/btrfs" "$T/btrfs/fixed"
truth "btrfs, read-only snapshot" "$T/btrfs/fixed" "$T/btrfs.img"
truth "btrfs, NOCOW file in a read-only snapshot" "$T/btrfs/fixed/d/file" "$T/btrfs.img"
btrfs -q subvolume delete "$T/btrfs/fixed"
for type in btrfs ext4; do
	mount -o remount,ro "$T/$type"
	truth "$type, mounted read-only" "$T/$type" "$T/$type.img"
done
umount "$T/btrfs"

# The same filesystem as a seed.
seeds=("$T/btrfs.img" "$T/grown.img")
btrfstune -S 1 "$T/btrfs.img"
_mount_images "$T/btrfs" ro "$T/btrfs.img"
truth "btrfs, seed device alone" "$T/btrfs" "$T/btrfs.img"
truncate -s 512M "$T/grown.img"
disk=$(losetup --find --show "$T/grown.img")
btrfs -q device add -K "$disk" "$T/btrfs"
losetup --detach "$disk"
mount -o remount,rw "$T/btrfs"
truth "btrfs, seed device and another" "$T/btrfs" "${seeds[@]}"
truth "btrfs, seed device and another, NOCOW directory" "$T/btrfs/d" "${seeds[@]}"
truth "btrfs, NOCOW file on a seed device" "$T/btrfs/d/file" "${seeds[@]}"
truth_young "btrfs, the same once it was overwritten" "$T/btrfs/d/file" "${seeds[@]}"
truth_end
