#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A virtual machine that is started during a conversion is turned away by QEMU's own locks, in
# QEMU's own words, at once; afterwards it starts on the new file.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require qemu-system-x86_64 qemu-img strace
make_fs btrfs b
cd "$T/b"
make_image v.raw 4M
qemu-img create -q -f qcow2 -F raw -b v.raw top.qcow2
before=$(sum_of v.raw)

convert_held v.raw
! vm_start file=v.raw,format=raw || fail "the machine was started"
expect_text "$T/vm.err" 'v.raw' 'Failed to get "consistent read" lock'
! vm_start file=v.raw,format=raw,readonly=on || fail "a machine was started that reads it"
expect_text "$T/vm.err" 'Failed to get "consistent read" lock'
! vm_start file=top.qcow2,format=qcow2 || fail "a machine was started on top of it"
expect_text "$T/vm.err" 'Failed to get "consistent read" lock'
expect_status 0 qemu-img info v.raw # looking is harmless

convert_go 0
is_nocow v.raw || fail "not NOCOW"
expect_equal "$(sum_of v.raw)" "$before" content
vm_start file=v.raw,format=raw
vm_stop
vm_start file=top.qcow2,format=qcow2
vm_stop
