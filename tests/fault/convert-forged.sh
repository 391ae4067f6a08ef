#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a directory that others can write to, names like those of a killed conversion can be made up.
# They never cost anybody but their maker a file, and never bring the maker's bytes to the path.
. "$(dirname "$0")/../lib.sh"
need_root

make_fs btrfs fs
mkdir -m 1777 "$T/fs/dir"
image=$T/fs/dir/disk.raw

# forge TEMP-INODE-FIRST? TIME CONTENT: a file of nobody's whose name fits the image's inode.
forge() {
	local first=$1 time=$2 own old new
	as_nobody touch "$T/fs/dir/mine"
	own=$(stat -c %i "$T/fs/dir/mine")
	old=$own new=$(stat -c %i "$image")
	[ "$first" = yes ] || { old=$new; new=$own; }
	forged=$(printf '%s/.cowctl-%x-%x-%x.%x-%s-disk.raw' "$T/fs/dir" "$old" "$new" \
		"$(stat -c %Y "$image")" "$((10#$(stat -c %.9Y "$image" | cut -d. -f2)))" "$4")
	as_nobody mv "$T/fs/dir/mine" "$forged"
	printf '%s' "$3" >"$forged"
	[ "$time" = other ] || touch -r "$image" "$forged"
}

for first in yes no; do
	for time in same other; do
		for keep in k r; do
			rm -rf "$image" "$image.orig" "$T"/fs/dir/.cowctl-*
			make_image "$image" 1M
			chmod 0600 "$image"
			sum=$(sum_of "$image")
			forge "$first" "$time" "bytes of nobody's" "$keep"
			"$COWCTL" convert "$image" >"$T/out" 2>"$T/err" || expect_err "${forged##*/}"
			expect_equal "$(sum_of "$image")" "$sum" "content ($first $time $keep)"
			expect_equal "$(stat -c %U "$image")" root "owner ($first $time $keep)"
		done
	done
done

# What is no regular file is no left-over, whatever its name.
rm -f "$T"/fs/dir/.cowctl-* "$image".orig
forge yes same x r
rm "$forged"
mkfifo "$forged"
make_image "$image" 1M
expect_status 0 cowctl convert "$image"
[ -p "$forged" ] || fail "the FIFO is gone"
