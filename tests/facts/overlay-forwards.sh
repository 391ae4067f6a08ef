#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K16: overlayfs passes the flags through to its upper layer, and loses NOCOW when it copies a file up.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs overlay o
touch "$T/o/new"
chattr +C "$T/o/new"
is_nocow "$T/o/new"
is_nocow "$T/o.lower/upper/new"

umount "$T/o"
touch "$T/o.lower/lower/old"
chattr +C "$T/o.lower/lower/old"
make_image "$T/o.lower/lower/old" 64K
mount -t overlay -o "lowerdir=$T/o.lower/lower,upperdir=$T/o.lower/upper,workdir=$T/o.lower/work" \
	overlay "$T/o"
is_nocow "$T/o/old"
xfs_io -c 'pwrite -q 0 4k' "$T/o/old"
! is_nocow "$T/o/old" || fail "the copy kept the flag"
