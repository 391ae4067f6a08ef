#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody changes the image's name or attributes in the instant before the exchange, when everything
# was checked: what they did holds, nothing of theirs is lost, and the conversion says it gave up.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace setfattr

make_fs btrfs fs
image=$T/fs/dir/disk.raw

# interrupted COMMAND...: run it while a conversion stands right before its exchange.
interrupted() {
	rm -rf "$T/fs/dir"
	mkdir "$T/fs/dir"
	make_image "$image" 1M
	inode=$(stat -c %i "$image")
	sum=$(sum_of "$image")
	make_image "$T/fs/new" 2M
	new=$(sum_of "$T/fs/new")
	changed_meanwhile '' "$@"
	expect_equal "$(find "$T/fs/dir" -name '.cowctl-*' | wc -l)" 0 "left-overs after $1"
}
same_image() {
	expect_equal "$(stat -c %i "$image")" "$inode" "inode"
	expect_equal "$(sum_of "$image")" "$sum" "content"
}

interrupted mv "$T/fs/new" "$image"
expect_equal "$(sum_of "$image")" "$new" "what was moved there"

interrupted chown 12:34 "$image"
same_image
expect_equal "$(stat -c %u:%g "$image")" 12:34 "owner"

interrupted setfattr -n trusted.libvirt.security.ref_dac -v 1 "$image"
same_image
expect_equal "$(getfattr --absolute-names -n trusted.libvirt.security.ref_dac --only-values "$image")" 1

interrupted ln "$image" "$T/fs/dir/other"
same_image
expect_equal "$(stat -c %i "$T/fs/dir/other")" "$inode" "the other name's inode"

# Without anybody interfering the same conversion goes through.
rm "$T/fs/dir/other"
trace_inject renameat2:delay_enter=100000:when=1 cowctl convert "$image" || fail "$(cat "$T/err")"
