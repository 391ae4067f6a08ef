#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K12: st_dev of a file on Btrfs is not the number in mountinfo, and every subvolume has another one;
# statx's mount id is the key that fits.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
btrfs -q subvolume create "$T/b/sub"
touch "$T/b/file" "$T/b/sub/file"
read -r id number < <(findmnt --noheadings --output ID,MAJ:MIN --target "$T/b")
device_of() {
	stat --format '%Hd:%Ld' "$1"
}
[ "$(device_of "$T/b/file")" != "$(device_of "$T/b/sub/file")" ] || fail "one number for both"
[ "$(device_of "$T/b/sub/file")" != "$number" ] || fail "the number is mountinfo's"
exec 3<"$T/b/sub/file"
expect_equal "$(awk '/^mnt_id/ { print $2 }' /proc/$$/fdinfo/3)" "$id" "mount id"
exec 3<&-
