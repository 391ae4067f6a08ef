#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K1: FS_IOC_SETFLAGS returns 0 for NOCOW on a Btrfs file that has data, and changes nothing.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
make_image "$T/b/full" 64K
chattr +C "$T/b/full" || fail "the ioctl failed"
! is_nocow "$T/b/full" || fail "it took"

# Nor can it be taken off again.
touch "$T/b/flagged"
chattr +C "$T/b/flagged"
make_image "$T/b/flagged" 64K
chattr -C "$T/b/flagged" || fail "the ioctl failed"
is_nocow "$T/b/flagged"
