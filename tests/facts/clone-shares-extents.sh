#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K11: cloning 4 KiB marks the whole extent shared on Btrfs, and a NOCOW write anywhere in it is copied;
# XFS shares exactly what was cloned.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
for kind in btrfs xfs; do
	make_fs "$kind" "$kind"
	[ "$kind" = xfs ] || chattr +C "$T/$kind"
	make_image "$T/$kind/image" 1M
	sync -f "$T/$kind"
	xfs_io -f -c "reflink $T/$kind/image 0 0 4k" -c fsync "$T/$kind/clone"
	before=$(places_of "$T/$kind/image")
	xfs_io -c 'pwrite -q 512k 4k' -c fsync "$T/$kind/image"
	case $kind in
	btrfs) [ "$(places_of "$T/$kind/image")" != "$before" ] || fail "Btrfs stayed in place" ;;
	xfs) expect_equal "$(places_of "$T/$kind/image")" "$before" "extents on XFS" ;;
	esac
done
