#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K2: NOCOW takes on a Btrfs file of size 0 only: a hole alone is too much, allocation alone is not.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs btrfs b
truncate -s 1M "$T/b/hole"
chattr +C "$T/b/hole" || fail "the ioctl failed"
! is_nocow "$T/b/hole" || fail "it took"
xfs_io -f -c 'falloc -k 0 1M' "$T/b/allocated"
chattr +C "$T/b/allocated"
is_nocow "$T/b/allocated"
: >"$T/b/hole"
chattr +C "$T/b/hole"
is_nocow "$T/b/hole"
