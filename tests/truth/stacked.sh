#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overlays and filesystems in files: what lies below decides.
. "$(dirname "$0")/lib.sh"
need_root
require bindfs

# overlay NAME DIRECTORY: on lower, upper and work in there
overlay() {
	mkdir -p "$T/$1" "$2"/{lower,upper,work}
	mount -t overlay -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" overlay "$T/$1"
}
make_fs btrfs b
overlay o "$T/b/plain"
truth "overlay on btrfs" "$T/o" "$T/b.img"
mkdir "$T/b/nocow"
chattr +C "$T/b/nocow"
overlay c "$T/b/nocow"
truth "overlay on btrfs, upper and work NOCOW" "$T/c" "$T/b.img"
make_fs xfs x
mkdir -p "$T/x/plain/lower"
witness write "$T/x/plain/lower/file"
overlay ox "$T/x/plain"
truth "overlay on xfs, lower file" "$T/ox/file" "$T/x.img"
truth "overlay on xfs, the same once it was written to" "$T/ox/file" "$T/x.img"
truth "overlay on xfs" "$T/ox" "$T/x.img"

# within NAME HOST: ext4 in a file that lies in HOST, without holes: filling one is no overwrite
within() {
	head -c 64M /dev/zero >"$2/image"
	mkfs.ext4 -q -E nodiscard "$2/image"
	_mount_images "$T/$1" "" "$2/image"
}
mkdir "$T/b/host" "$T/b/nocow/host" "$T/x/host"
within lb "$T/b/host"
truth "ext4 in a file on btrfs" "$T/lb" "$T/b.img"
within lc "$T/b/nocow/host"
truth "ext4 in a NOCOW file on btrfs" "$T/lc" "$T/b.img"
within lx "$T/x/host"
truth "ext4 in a file on xfs" "$T/lx" "$T/x.img"
mkdir "$T/lx/host"
truncate -s 32M "$T/lx/host/image"
mkfs.ext4 -q "$T/lx/host/image"
_mount_images "$T/ll" "" "$T/lx/host/image"
truth "ext4 in a file on ext4 in a file on xfs" "$T/ll" "$T/x.img"
mkdir "$T/f"
bindfs "$T/x" "$T/f"
truth "bindfs (FUSE) on xfs" "$T/f" "$T/x.img"
umount "$T/f"
truth_end
