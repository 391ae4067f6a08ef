#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A domain that is started while its disk is converted: the guest comes first. libvirt has QEMU open the
# disk for writing before QEMU looks at its locks, so the open() waits until the conversion has given up,
# which is at once; the guest starts on the old image, of which nothing has changed. Afterwards it is
# converted, and the domain starts on the new file, as it is defined.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
make_guest_image
libvirtd_start
domain_define raw "$image"
before=$(definition_of inactive)

# The conversion has its unnamed file, and has written to it.
copying() {
	local file
	for file in /proc/"$converter"/fd/*; do
		[[ $(readlink "$file") != "$T/b/#"* ]] || [ "$(stat -Lc %b "$file")" -eq 0 ] || return 0
	done
	return 1
}

# Closing it is made slow: what is given up by nothing but that comes too late for the guest.
inode=$(stat -c %i "$image")
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o /dev/null -P "$image" --trace=close --inject=close:delay_enter=500000 -- \
	"$COWCTL" convert --bandwidth 1M "$image" >"$T/converter" 2>&1 &
tracer=$!
wait_for "the converter" pgrep -P "$tracer" >/dev/null
converter=$(pgrep -P "$tracer")
wait_for "the copy" copying
virsh -q domblkinfo guest sdb >"$T/said" # looking is harmless
virsh -q start guest
status=0
wait "$tracer" || status=$?
expect_equal "$status" 2 "status of the conversion"
expect_text "$T/converter" "is in use" "--live"
wait_for "the guest" _has_dots 2
guest_goes_on
expect_equal "$(stat -c %i "$image")" "$inode" "the image"
expect_equal "$(litter_in "$T/b")" "" "what is left"
virsh -q destroy guest

expect_converted off "$image"
virsh -q start guest
wait_for "the guest" _has_dots 2
guest_goes_on
expect_equal "$(find "/proc/$(cat /run/libvirt/qemu/guest.pid)/fd" -lname "$image" -exec stat -L -c %i {} +)" \
	"$(stat -c %i "$image")" "what QEMU has open"
expect_equal "$(definition_of inactive)" "$before" "its definition"

# The other way round, nothing is converted.
expect_status 2 cowctl convert --cow on "$image"
expect_err "marked as in use"
guest_goes_on
virsh -q destroy guest
expect_converted on "$image"
