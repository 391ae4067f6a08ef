#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Probing leaves no trace: no name, no changed time, no changed byte or flag.
. "$(dirname "$0")/../lib.sh"
need_root
for kind in btrfs xfs ext4 tmpfs overlay; do
	make_fs "$kind" "$kind"
	mkdir "$T/$kind/d"
	make_image "$T/$kind/d/disk.img" 1M
	touch -d '2001-01-01' "$T/$kind/d/disk.img" "$T/$kind/d"
	state() {
		stat -c '%n %y %z %s %b' "$T/$kind" "$T/$kind/d" "$T/$kind/d/disk.img"
		ls -A "$T/$kind" "$T/$kind/d"
		lsattr -d "$T/$kind/d" "$T/$kind/d/disk.img" 2>&1 || true
		sum_of "$T/$kind/d/disk.img"
	}
	before=$(state)
	expect_status 0 cowctl probe "$T/$kind" "$T/$kind/d" "$T/$kind/d/disk.img" "$T/$kind/d/new/image"
	expect_equal "$(state)" "$before" "$kind"
done
