#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# XFS and ext: in place, but for what is shared.
. "$(dirname "$0")/lib.sh"
need_root

make_fs xfs x
truth "xfs, reflink=1" "$T/x" "$T/x.img"
witness write "$T/x/file"
truth "xfs, file" "$T/x/file" "$T/x.img"
cp --reflink=always "$T/x/file" "$T/x/clone"
sync
truth "xfs, file with a clone" "$T/x/file" "$T/x.img"
truth "xfs, the same once it was overwritten" "$T/x/file" "$T/x.img"
make_fs xfs-noreflink r
truth "xfs, reflink=0" "$T/r" "$T/r.img"
make_fs ext4 e
truth "ext4" "$T/e" "$T/e.img"
make_fs ext4 j data=journal
truth "ext4, data=journal" "$T/j" "$T/j.img"
make_fs tmpfs t
truth "tmpfs" "$T/t"
truth_end
