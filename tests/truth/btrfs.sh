#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Btrfs: flags, mount options, profiles, snapshots and clones.
. "$(dirname "$0")/lib.sh"
need_root

make_fs btrfs b
disk=$T/b.img
truth "btrfs" "$T/b" "$disk"
mkdir "$T/b"/{nocow,compressed,nocompress}
chattr +C "$T/b/nocow"
chattr +c "$T/b/compressed"
chattr +m "$T/b/nocompress"
truth "btrfs, NOCOW directory" "$T/b/nocow" "$disk"
truth "btrfs, compressed directory" "$T/b/compressed" "$disk"
truth "btrfs, directory not to be compressed" "$T/b/nocompress" "$disk"
btrfs -q subvolume create "$T/b/nocow/subvolume"
truth "btrfs, subvolume made in a NOCOW directory" "$T/b/nocow/subvolume" "$disk"

witness write "$T/b/cow.file"
truth "btrfs, file" "$T/b/cow.file" "$disk"
witness write "$T/b/nocow/file"
truth "btrfs, NOCOW file" "$T/b/nocow/file" "$disk"
cp --reflink=always "$T/b/nocow/file" "$T/b/nocow/clone"
sync
truth "btrfs, NOCOW file with a clone" "$T/b/nocow/file" "$disk"

witness write "$T/b/nocow/old"
btrfs -q subvolume snapshot "$T/b" "$T/b/snapshot"
truth "btrfs, NOCOW file with a snapshot" "$T/b/nocow/old" "$disk"
truth "btrfs, the same once it was overwritten" "$T/b/nocow/old" "$disk"
btrfs -q subvolume snapshot "$T/b" "$T/b/second"
btrfs -q subvolume delete --commit-after "$T/b/second" "$T/b/snapshot"
btrfs -q subvolume sync "$T/b"
truth "btrfs, NOCOW file older than a snapshot deleted since" "$T/b/nocow/old" "$disk"
btrfs -q balance start -dusage=1 -musage=1 "$T/b" >/dev/null
truth "btrfs, new files in a NOCOW directory after all that" "$T/b/nocow" "$disk"

make_fs btrfs n nodatacow
truth "btrfs, mounted with nodatacow" "$T/n" "$T/n.img"
make_fs btrfs z compress-force=zstd
truth "btrfs, mounted with compress-force" "$T/z" "$T/z.img"
make_fs btrfs s nodatasum
truth "btrfs, mounted with nodatasum" "$T/s" "$T/s.img"
for profile in dup raid1; do
	make_fs btrfs-$profile "$profile"
	places=("$T/$profile".img*)
	truth "btrfs, data $profile" "$T/$profile" "${places[@]}"
	mkdir "$T/$profile/nocow"
	chattr +C "$T/$profile/nocow"
	truth "btrfs, data $profile, NOCOW directory" "$T/$profile/nocow" "${places[@]}"
done
truth_end
