#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems that keep blocks in their place and have no switch, most of them without FIEMAP.
. "$(dirname "$0")/lib.sh"
need_lab jfs gfs2 ext4 ntfs3 exfat vfat reiserfs
require mkfs.jfs mkfs.gfs2 mkfs.ext2 mkfs.ntfs mkfs.exfat mkfs.vfat mkfs.reiserfs

# plain TYPE MKFS...: a filesystem of a type that make_fs doesn't know
plain() {
	local type=$1
	shift
	truncate -s 128M "$T/$type.img"
	"$@" "$T/$type.img" >"$T/log" 2>&1 || { cat "$T/log" >&2; fail "$*"; }
	mkdir "$T/$type"
	mount -i -t "$type" -o loop "$T/$type.img" "$T/$type"
	truth "$type" "$T/$type" "$T/$type.img"
}
for type in jfs gfs2; do
	make_fs $type $type
	truth $type "$T/$type" "$T/$type.img"
done
plain ext2 mkfs.ext2 -q
plain ext3 mkfs.ext3 -q
plain ntfs3 mkfs.ntfs -q -F
plain exfat mkfs.exfat
plain vfat mkfs.vfat
plain reiserfs mkfs.reiserfs -q -ff
for type in gfs2 ntfs3 jfs exfat vfat reiserfs; do
	truth_named $type "$T/$type" "$T/$type.img"
done
truth_end
