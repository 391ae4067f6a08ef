#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while an image that shares all its blocks with a clone is made to lie in its own: no
# byte of either is lost at any point.
. "$(dirname "$0")/lib.sh"
declare -A wanted

make_pair() {
	make_disk back image # NOCOW on Btrfs
	: >clone
	[ "$kind" != btrfs ] || chattr +C clone
	cp --reflink=always image clone
	wanted[image]=$(content image) wanted[clone]=$(content clone)
}

# content FILE: its size and bytes
content() {
	state "$1" | cut -d ' ' -f 5,9
}

unshare_image() {
	expect_status 0 cowctl unshare image
	returned image
}

both_are_whole() {
	local name
	for name in image clone; do
		expect_equal "$(content "$name")" "${wanted[$name]}" "$name"
	done
	if had_returned image; then echo after; else echo before; fi
}

unshare_carelessly() {
	: >image
	sync image
	dd if=clone of=image bs=1M conv=fsync status=none
	returned image
}

for kind in btrfs xfs; do
	cut_disk "$kind" make_pair
	cut_record unshare_image
	cut_everywhere both_are_whole
	expect_equal "$(sort -u "$T/ram/found" | xargs)" 'after before' 'points'

	cut_record unshare_carelessly
	cut_caught both_are_whole
	rm "$T/ram/fs.img"
done
