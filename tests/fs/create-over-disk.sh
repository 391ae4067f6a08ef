#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image over a block device, as golden disks on LVM are used; other devices are none to read.
. "$(dirname "$0")/../lib.sh"
need_root
require qemu-img
make_fs btrfs b
cd "$T/b"
disk=$(loop_of "$T/b.img")
size=$(blockdev --getsize64 "$disk")

expect_status 0 cowctl create -f qcow2 --backing="$disk" -F raw over.qcow2
qemu-img info --output=json --backing-chain over.qcow2 >"$T/info"
expect_equal "$(jq -r '[.[] | .filename] | join(" ")' "$T/info")" "over.qcow2 $disk" "the chain"
expect_equal "$(jq '.[0]."virtual-size"' "$T/info")" "$size" "size"
expect_status 0 cowctl create -f qcow2 --backing="$disk" -F raw larger.qcow2 4G
expect_equal "$(qemu-img info --output=json larger.qcow2 | jq '."virtual-size"')" $((4 << 30)) "size"

expect_status 3 cowctl create -f qcow2 --backing="$disk" -F qcow2 none
expect_err "can only be raw"
expect_status 3 cowctl create -f qcow2 --backing=/dev/null -F raw none 1M
expect_err "neither a file nor a disk"
[ ! -e none ]
