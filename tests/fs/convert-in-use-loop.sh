#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A loop device has the image open though no process does.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 1M
for mode in "" --read-only; do
	# shellcheck disable=SC2086 # an option or none
	device=$(losetup --find --show $mode "$image")
	expect_refused "in use by the loop device $device" "$image"
	losetup --detach "$device"
done
# the kernel lets go of the file a moment after the last user did
until [ -z "$(losetup --associated "$image")" ]; do :; done
expect_converted off "$image"
