#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A qcow2 disk of a QEMU without libvirt: an overlay stays one, choices made at birth are kept; internal
# snapshots and dirty bitmaps, which a mirror loses, are refused.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
make_guest
make_fs btrfs b
chmod 0755 "$T/b"
cd "$T/b"
make_image base.raw 40M
qemu-img create -q -f qcow2 -F raw -b base.raw -o cluster_size=128k,compat=0.10 disk.qcow2
sum=$(sum_of base.raw)

qemu_start -drive file=disk.qcow2,format=qcow2,if=ide,index=2
expect_status 0 cowctl convert --qmp "$T/qmp" --json disk.qcow2
is_nocow disk.qcow2 || fail "not NOCOW"
guest_goes_on
qemu_stop
qemu-img check -q disk.qcow2
expect_equal "$(sum_of base.raw)" "$sum" "the backing file"
expect_equal "$(qemu-img info --output=json disk.qcow2 | jq -r \
	'[."backing-filename", ."cluster-size", ."format-specific".data.compat] | join(" ")')" \
	"base.raw 131072 0.10"

refused() {
	qemu_start -drive file=disk.qcow2,format=qcow2,if=ide,index=2
	expect_status 2 cowctl convert --qmp "$T/qmp" --cow on --json disk.qcow2
	expect_err "$1"
	is_nocow disk.qcow2 || fail "converted"
	guest_goes_on
	expect_equal "$(find . -name '.cowctl-*')" "" "what is left"
	qemu_stop
}
qemu-img snapshot -c one disk.qcow2
refused "has internal snapshots"
qemu-img snapshot -d one disk.qcow2
qemu-img amend -o compat=1.1 disk.qcow2
qemu-img bitmap --add disk.qcow2 changes
refused "has dirty bitmaps"
