#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The overlay of a transient domain is converted, and stays an overlay of the same make, with its dirty
# bitmaps, which QEMU writes to the file when the guest ends. An internal snapshot, which a mirror would lose,
# is refused.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
make_guest
make_fs btrfs b
chmod 0755 "$T/b"
cd "$T/b"
make_image base.raw 40M
qemu-img create -q -f qcow2 -F raw -b base.raw -o cluster_size=32k,lazy_refcounts=on disk.qcow2
qemu-img bitmap --add disk.qcow2 changes
libvirtd_start
domain_start qcow2 "$T/b/disk.qcow2" --transient
definition_of live >"$T/live"
made() {
	qemu-img info -U --output=json disk.qcow2 |
		jq -S 'del(."actual-size", ."dirty-flag", .children, ."format-specific".data.bitmaps)'
}
made >"$T/made"
sum=$(sum_of base.raw)

expect_status 0 cowctl convert --live --dry-run --json disk.qcow2
expect_json '.images[0].reason | test("a mirror may fill .* and take more")'
expect_status 0 cowctl convert --live --json --keep-original disk.qcow2
expect_json '.images[0] | .result == "converted" and .mode == "live" and .original == "disk.qcow2.orig"'
is_nocow disk.qcow2 || fail "not NOCOW"
! is_nocow disk.qcow2.orig || fail "the kept one is not the old one"
expect_equal "$(getfattr --dump --match=trusted disk.qcow2.orig)" "" "marks on the kept one"
guest_goes_on
definition_of live | diff "$T/live" -
made | diff "$T/made" -
expect_equal "$(sum_of base.raw)" "$sum" "the backing file"
virsh -q destroy guest
qemu-img check -q disk.qcow2
expect_equal "$(qemu-img info --output=json disk.qcow2 | jq -c '."format-specific".data.bitmaps | map([.name, .flags])')" \
	'[["changes",["auto"]]]' "dirty bitmaps"
rm disk.qcow2.orig

qemu-img snapshot -c one disk.qcow2
domain_start qcow2 "$T/b/disk.qcow2" --transient
expect_status 2 cowctl convert --live --cow on disk.qcow2
expect_err "has internal snapshots"
guest_goes_on
