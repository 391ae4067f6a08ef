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
for device in zero tty full; do
	expect_status 3 cowctl create -f qcow2 --backing=/dev/$device -F raw none 1M
	expect_err "neither a file nor a disk"
done
[ ! -e none ]

# but for the one that is a disk with nothing on it, which libvirt's documents are fond of
expect_status 3 cowctl create -f qcow2 --backing=/dev/null -F raw none
expect_err "the size of '/dev/null' is not known"
expect_status 3 cowctl create -f qcow2 --backing=/dev/null -F qcow2 none 1M
[ ! -e none ]
expect_status 0 cowctl create -f qcow2 --backing=/dev/null -F raw on-nothing 1M
qemu-img info --output=json --backing-chain on-nothing >"$T/info"
expect_equal "$(jq -r '[.[] | .filename] | join(" ")' "$T/info")" "on-nothing /dev/null" "the chain"
