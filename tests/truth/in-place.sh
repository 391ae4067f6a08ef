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
witness write "$T/x/partly"
xfs_io -f -c "reflink $T/x/partly 4096 0 4096" "$T/x/one-block" >"$T/log"
truth "xfs, file of which one block is shared" "$T/x/partly" "$T/x.img"
xfs_io -c "reflink $T/x/partly 4096 0 4096" "$T/x/one-block" >"$T/log"
xfs_io -c "funshare 0 1m" "$T/x/partly"
umount "$T/x" # what is reserved for copies is given up (K21)
_mount_images "$T/x" "" "$T/x.img"
truth "xfs, the same unshared" "$T/x/partly" "$T/x.img"
make_fs xfs-noreflink r
truth "xfs, reflink=0" "$T/r" "$T/r.img"
make_fs ext4 e
truth "ext4" "$T/e" "$T/e.img"
make_fs ext4 j data=journal
truth "ext4, data=journal" "$T/j" "$T/j.img"
make_fs tmpfs t
truth "tmpfs" "$T/t"
mkdir "$T/ramfs"
mount -t ramfs ramfs "$T/ramfs"
truth "ramfs" "$T/ramfs"
truth_end
