#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K5: ext4, XFS and tmpfs refuse NOCOW with EOPNOTSUPP. ext4 and XFS overwrite in place all the same,
# so a refusal says nothing about what an overwrite does.
. "$(dirname "$0")/../lib.sh"
need_root
for kind in ext4 xfs tmpfs; do
	make_fs "$kind" "$kind"
	touch "$T/$kind/file"
	expect_status 1 chattr +C "$T/$kind/file"
	expect_err "Operation not supported"
done
for kind in ext4 xfs; do
	make_image "$T/$kind/file" 1M
	before=$(places_of "$T/$kind/file")
	fragment "$T/$kind/file" 200
	expect_equal "$(places_of "$T/$kind/file")" "$before" "extents on $kind"
done
