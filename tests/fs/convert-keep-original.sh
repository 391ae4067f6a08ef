#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --keep-original leaves the old image beside the new one, the very same file; never over another.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
make_image v.raw 1M
chmod 640 v.raw
before=$(state_of v.raw) inode=$(stat -c %i v.raw)

expect_converted off v.raw --keep-original
expect_json '.images[0].original == "./v.raw.orig" or .images[0].original == "v.raw.orig"'
expect_equal "$(ls -A)" $'v.raw\nv.raw.orig' "what is there"
expect_equal "$(state_of v.raw.orig)" "$before" "the original"
expect_equal "$(stat -c %i v.raw.orig)" "$inode" "its inode"
! is_nocow v.raw.orig || fail "the original was changed"

# The name is taken now, by whatever it may be.
for to in file directory dangling; do
	rm -rf w.raw w.raw.orig
	make_image w.raw 1M
	case $to in
	file) echo precious >w.raw.orig ;;
	directory) mkdir w.raw.orig ;;
	dangling) ln -s nowhere w.raw.orig ;;
	esac
	expect_refused "'w.raw.orig'" w.raw --keep-original
done
expect_converted off w.raw # without the option the other file is none of its business
[ -L w.raw.orig ] || fail "the other file is gone"

# A name that has no room for four more bytes.
long=$(head -c 251 /dev/zero | tr '\0' x)
make_image "$long" 1M
expect_refused "File name too long" "$long" --keep-original
