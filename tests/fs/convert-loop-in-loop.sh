#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A filesystem in an image in a filesystem in an image: what is in use is refused, what is not is not.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs outer
touch "$T/outer/disk.raw"
truncate -s 300M "$T/outer/disk.raw"
mkfs.btrfs -q -K -m single -d single "$T/outer/disk.raw"
make_image "$T/outer/other.raw" 1M
mkdir "$T/inner"
mount -o loop "$T/outer/disk.raw" "$T/inner"
make_image "$T/inner/v.raw" 2M

expect_converted off "$T/inner/v.raw"
expect_refused "loop device" "$T/outer/disk.raw"
umount "$T/inner"
expect_converted off "$T/outer/disk.raw"

mount -o loop "$T/outer/disk.raw" "$T/inner"
is_nocow "$T/inner/v.raw" || fail "the inner image lost its flag"
