#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a helper has to know to unmount what it mounted, as that of NILFS which program cleans up there, is kept.
. "$(dirname "$0")/../lib.sh"
need_kernel nilfs2
require mount.nilfs2 umount.nilfs2 mkfs.nilfs2
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs nilfs2 n
umount "$T/n"
device=$(losetup --find --show "$T/n.img")
at_end "losetup --detach $device"
expect_status 0 cowctl pool define-as --session p --type fs --source-dev "$device" --target "$T/p"
expect_status 0 cowctl pool build --session p
expect_status 0 cowctl pool start --session p
expect_equal "$(findmnt -n -o FSTYPE "$T/p")" nilfs2
expect_status 0 cowctl pool stop --session p
