#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file that is in use as swap space, by what is in its place once it is not: nobody may write to it before.
. "$(dirname "$0")/lib.sh"
need_root

for type in btrfs ext4 xfs; do
	make_fs $type $type
	file=$T/$type/swap
	touch "$file"
	chmod 0600 "$file"
	[ $type != btrfs ] || chattr +C "$file"
	fallocate -l 16M "$file"
	witness write "$file"
	mkswap -q "$file"
	swapon "$file"
	truth_then "$type, swap file in use" "swapoff '$file'; witness write '$file'" "$file" "$T/$type.img"
done
truth_end
