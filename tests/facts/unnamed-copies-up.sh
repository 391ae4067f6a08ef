#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# K19: an unnamed file made in a lower directory of an overlay copies that directory up.
. "$(dirname "$0")/../lib.sh"
need_root
require xfs_io
make_fs overlay o
umount "$T/o"
mkdir "$T/o.lower/lower/directory"
mount -t overlay -o "lowerdir=$T/o.lower/lower,upperdir=$T/o.lower/upper,workdir=$T/o.lower/work" \
	overlay "$T/o"
ls "$T/o/directory"
[ ! -e "$T/o.lower/upper/directory" ] || fail "looking at it copied it up"
xfs_io -T -c 'pwrite -q 0 4k' "$T/o/directory"
[ -d "$T/o.lower/upper/directory" ]
