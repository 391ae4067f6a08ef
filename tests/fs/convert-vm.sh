#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The disk of a virtual machine is refused while the machine is there, whatever locks it uses, and
# works in it after the conversion.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require qemu-system-x86_64 qemu-img
make_fs btrfs b
cd "$T/b"
make_image v.raw 4M
make_image back.raw 4M
qemu-img create -q -f qcow2 -F raw -b back.raw top.qcow2

vm_start file=v.raw,format=raw
expect_refused "in use by 'qemu-system-x86' (process $vm_pid)" v.raw
vm_stop
vm_start file.filename=v.raw,file.locking=off,format=raw
expect_refused "in use by" v.raw
vm_stop
vm_start file=v.raw,format=raw,readonly=on
expect_refused "in use by" v.raw
vm_stop
vm_start file=top.qcow2,format=qcow2
expect_refused "in use by" top.qcow2
expect_refused "in use by" back.raw
vm_stop

expect_converted off v.raw
expect_converted off top.qcow2
expect_converted off back.raw
qemu-img check -q top.qcow2
vm_start file=v.raw,format=raw file=top.qcow2,format=qcow2
vm_stop
