#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The raw disk of a running libvirt domain is converted: the guest loses no write, both of its
# definitions stay as they are, and so do owner and libvirt's own marks. It can be snapshotted and
# started again afterwards.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
make_guest_image
libvirtd_start 'user = "libvirt-qemu"' 'group = "libvirt-qemu"'
domain_start raw "$image"
definition_of live >"$T/live"
definition_of inactive >"$T/inactive"
owner_of() {
	stat -c '%a %u %g' -- "$1"
	getfattr --absolute-names --dump --match=- -- "$1"
}
owner_of "$image" >"$T/owner"

# without being asked to nobody touches a running guest
expect_status 2 cowctl convert "$image"
expect_err "in use" "--live"
expect_status 0 cowctl convert --live --dry-run --json "$image"
expect_json '.images[0] | .result == "planned" and .mode == "live"'
! is_nocow "$image" || fail "converted by a dry run"

expect_status 0 cowctl convert --live --json "$image"
expect_json '.images | length == 1 and (.[0] | .result == "converted" and .mode == "live"
	and .verified == false)'
is_nocow "$image" || fail "not NOCOW"
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
guest_goes_on
definition_of live | diff "$T/live" -
definition_of inactive | diff "$T/inactive" -
owner_of "$image" | diff "$T/owner" -

# on top of the new file
virsh -q snapshot-create-as guest one --disk-only --diskspec sda,snapshot=no \
	--diskspec "sdb,file=$T/b/top.qcow2"
expect_equal "$(qemu-img info -U --output=json "$T/b/top.qcow2" | jq -r '."backing-filename"')" "$image"
guest_goes_on
virsh -q destroy guest
: >"$T/serial"
virsh -q start guest
wait_for "the guest" _has_dots 2
