#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool on a device of the device mapper is mounted by the name that the device has, as mount(8) does it, and
# not by its number.
. "$(dirname "$0")/../lib.sh"
need_lab dm-thin-pool ext4
require dmsetup mkfs.ext4
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
truncate -s 64M "$T/disk"
disk=$(losetup --find --show "$T/disk")
dmsetup create vms --table "0 131072 linear $disk 0"
at_end 'dmsetup remove vms; losetup --detach "$disk"'
mkfs.ext4 -q /dev/mapper/vms
expect_status 0 cowctl pool define-as --session p --type fs --source-dev /dev/dm-0 --target "$T/p"
expect_status 0 cowctl pool build --session p
expect_status 0 cowctl pool start --session p
expect_equal "$(awk -v p="$T/p" '$5 == p { print $(NF - 1) }' /proc/self/mountinfo)" /dev/mapper/vms
expect_status 0 cowctl pool stop --session p
