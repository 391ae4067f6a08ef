#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where overwrites stay in place anyway, off is met without a flag; where nobody knows, off is
# refused and nothing is created.
. "$(dirname "$0")/../lib.sh"
need_root
require qemu-img

for kind in ext4 xfs xfs-noreflink tmpfs; do
	make_fs $kind $kind
	for policy in off on auto; do
		for format in raw qcow2; do
			expect_status 0 cowctl create --json --cow $policy --format $format \
				"$T/$kind/$policy.$format" 16M
			expect_json '.image.nocow == false'
			[ -s "$T/$kind/$policy.$format" ] || fail "no $policy.$format on $kind"
		done
	done
	expect_equal "$(find "$T/$kind" -mindepth 1 -name '.*')" '' "leftovers on $kind"
done
for kind in ext4 xfs; do
	expect_status 0 cowctl create --json --cow off "$T/$kind/again.raw" 1M
	expect_json '.image | .effective == "off" and .overwrite == "in-place"'
done

# through an overlay the flag reaches the Btrfs below
make_fs overlay overlay
expect_status 0 cowctl create --json --cow off --format qcow2 "$T/overlay/off.qcow2" 16M
expect_json '.image.nocow == true'
is_nocow "$T/overlay.lower/upper/off.qcow2" || fail 'not NOCOW on the upper filesystem'
# in place of a removed lower file too, which overlay makes in its own working directory
touch "$T/overlay.lower/lower/replaced"
chattr +C "$T/overlay.lower/upper"
mount -o remount "$T/overlay"
rm "$T/overlay/replaced"
expect_status 0 cowctl create --json --cow off "$T/overlay/replaced" 16M
expect_json '.image.nocow == true'
is_nocow "$T/overlay.lower/upper/replaced" || fail 'not NOCOW over a whiteout'

# a filesystem nobody can see through
require bindfs
make_fs btrfs behind
mkdir "$T/fuse"
bindfs "$T/behind" "$T/fuse"
for format in raw qcow2; do
	expect_status 1 cowctl create --cow off --format $format "$T/fuse/off" 16M
	expect_equal "$(ls -A "$T/fuse")" '' 'what is left behind'
	expect_status 0 cowctl create --json --cow auto --format $format "$T/fuse/auto" 16M
	expect_json '.image | .nocow == null and .effective == "unknown"'
	rm "$T/fuse/auto"
done
