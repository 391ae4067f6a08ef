#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filesystems that are logs: F2FS by its size and mode, NILFS2.
. "$(dirname "$0")/lib.sh"
need_lab f2fs nilfs2

FS_SIZE=2G make_fs f2fs small
truth "f2fs, 2 GiB" "$T/small" "$T/small.img"
FS_SIZE=20G make_fs f2fs large
truth "f2fs, 20 GiB" "$T/large" "$T/large.img"
touch "$T/large/pinned"
f2fs_io pinfile set "$T/large/pinned" >"$T/log"
fallocate -l 1M "$T/large/pinned"
witness write "$T/large/pinned"
truth "f2fs, 20 GiB, pinned file" "$T/large/pinned" "$T/large.img"
FS_SIZE=2G make_fs f2fs lfs mode=lfs
truth "f2fs, mode=lfs" "$T/lfs" "$T/lfs.img"
make_fs nilfs2 n
truth "nilfs2" "$T/n" "$T/n.img"
truth_named "nilfs2" "$T/n" "$T/n.img"
truth_end
