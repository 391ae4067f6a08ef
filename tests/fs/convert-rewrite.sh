#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image that is as wanted is copied all the same, on each kind of filesystem: it lies in few pieces
# afterwards, shares none of them, and is the same file otherwise.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require setfattr setfacl setcap xfs_io

for kind in btrfs xfs ext4; do
	make_fs "$kind" "$kind"
	image=$T/$kind/v.raw
	: >"$image"
	[ "$kind" != btrfs ] || chattr +C "$image"
	make_image "$image" 8M
	fallocate --punch-hole --offset 2M --length 1M "$image"
	fallocate --offset 9M --length 1M --keep-size "$image"
	chown 1234:5678 "$image"
	chmod 6751 "$image"
	setfattr -n user.note -v text "$image"
	setfattr -n trusted.note -v text "$image"
	setcap cap_net_raw+ep "$image"
	setfacl -m u:4321:rw "$image"
	[ "$kind" != xfs ] || xfs_io -r -c 'chproj 77' "$image"
	: >"$T/$kind/clone.raw"
	[ "$kind" != btrfs ] || chattr +C "$T/$kind/clone.raw"
	[ "$kind" = ext4 ] || cp --reflink=always "$image" "$T/$kind/clone.raw"
	before=$(state_of "$image")
	inode=$(stat -c %i "$image")

	expect_status 0 cowctl convert --json "$image"
	expect_json '.images[0].result == "already"'
	expect_status 0 cowctl convert --json --rewrite "$image"
	expect_json '.images[0] | .result == "converted" and .verified and .from == "off" and .to == "off"'
	expect_equal "$(state_of "$image")" "$before" "what is kept on $kind"
	[ "$(stat -c %i "$image")" != "$inode" ] || fail "$kind: not copied"
	[ "$kind" != btrfs ] || is_nocow "$image" || fail "the flag is gone"
	[ "$kind" != xfs ] || expect_equal "$(xfs_io -r -c lsproj "$image")" "projid = 77" "project"
	expect_equal "$("$COW_BUILD/tests/image" extents "$image" | grep shared)" shared=0 "sharing on $kind"
	expect_equal "$(litter_in "$T/$kind")" "" "what is left on $kind"
done
