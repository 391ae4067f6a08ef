#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Btrfs by its data profile, on four devices: NOCOW keeps blocks in their place on each mirror.
. "$(dirname "$0")/lib.sh"
need_root

# profile NAME MKFS-OPTION...
profile() {
	local name=$1 images=("$T/$1".{1..4})
	shift
	truncate -s 256M "${images[@]}"
	mkfs.btrfs -q -K "$@" "${images[@]}" >"$T/log" 2>&1 || { cat "$T/log" >&2; fail "mkfs.btrfs $*"; }
	_mount_images "$T/$name" "" "${images[@]}"
	truth "btrfs, data $name" "$T/$name" "${images[@]}"
	mkdir "$T/$name/nocow"
	chattr +C "$T/$name/nocow"
	truth "btrfs, data $name, NOCOW directory" "$T/$name/nocow" "${images[@]}"
	umount "$T/$name"
}
for name in raid0 raid1c3 raid1c4 raid10 raid5 raid6; do
	profile $name -m raid1 -d $name
done
profile mixed --mixed -m raid1 -d raid1
truth_end
