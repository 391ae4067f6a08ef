#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirt's mirror ends while the copy is at the path, by somebody's hand: QEMU then opens the image again by
# its name, and has the empty copy. The guest stands still meanwhile, and goes on when it has its image again:
# in the same run, or after a kill in the next one. By itself (a block can't be read) it ends only later.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
make_guest_image
libvirtd_start 'user = "libvirt-qemu"' 'group = "libvirt-qemu"'
domain_start raw "$image"
inode=$(stat -c %i "$image")

# QEMU opens a file once more before it closes what it had.
open_in_guest() {
	find "/proc/$(cat /run/libvirt/qemu/guest.pid)/fd" -lname "$T/b/*" -exec stat -L -c %i {} + | sort -u
}
# The guest goes on with what is at the path, and nothing else is there.
expect_well() {
	expect_equal "$(virsh -q domstate guest)" running "the guest"
	expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
	expect_equal "$(open_in_guest)" "$(stat -c %i "$image")" "what the guest has open"
	guest_goes_on
}
# killed_at CALL N: before it makes this call for the Nth time, while the guest stands still.
killed_at() {
	trace_inject "$1:signal=KILL:when=$2" cowctl convert --live --rewrite "$image" && fail "not killed"
	expect_equal "$(virsh -q domstate guest)" paused "the guest"
}
has_job() {
	virsh blockjob guest sdb --info 2>&1 | grep -q "Bandwidth limit"
}
is_astray() {
	! has_job && [ "$(open_in_guest)" != "$inode" ]
}
expect_converted_live() {
	expect_status 0 cowctl convert --live --rewrite --json "$image"
	expect_json '.images[0] | .result == "converted" and .mode == "live"'
	expect_well
	inode=$(stat -c %i "$image")
}

# The mirror still runs, with the copy at the path and with the image back there.
killed_at renameat2 2
[ "$(stat -c %i "$image")" != "$inode" ] || fail "the copy is not at the path"
expect_status 1 cowctl convert --status --json "$T/b"
expect_json '.images[0] | .state == "mirroring" and .whole == false and
	(.remedy | test("lets its guest go on") and test("nor end the mirror by hand"))'
expect_converted_live
killed_at fsync 3
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
expect_status 0 cowctl convert --live --rewrite --dry-run "$image"
expect_err "would be cleared up"
expect_converted_live

# Somebody reads the copy, so that it can't be removed; the guest goes on all the same.
killed_at fsync 3
exec 5<"$(find "$T/b" -name '.cowctl-*')"
expect_status 2 cowctl convert --live --rewrite "$image"
expect_err "the copy of 'disk.raw' is still open in" "which the next run then removes"
exec 5<&-
expect_equal "$(virsh -q domstate guest)" running "the guest"
guest_goes_on
expect_converted_live

# There is none yet. Who can't ask libvirt leaves it to the one who can let the guest go on.
killed_at renameat2 1
expect_status 2 cowctl convert --rewrite "$image"
expect_err "goes on in the guest" "--live or --qmp"
expect_converted_live

# Somebody ended it.
killed_at renameat2 2
virsh -q blockjob guest sdb --abort
wait_for "the guest on the copy" is_astray
expect_status 2 cowctl convert --rewrite "$image"
expect_equal "$(virsh -q domstate guest)" paused "the guest"
# A run that can't lead it back leaves it as it is.
trace_inject linkat:error=EIO cowctl convert --live --rewrite "$image" && fail "not failed"
expect_err "Input/output error"
expect_equal "$(virsh -q domstate guest)" paused "the guest"
# The next run is killed as well, with the guest's image open again.
trace_inject unlinkat:signal=KILL cowctl convert --live --rewrite "$image" && fail "not killed"
expect_equal "$(virsh -q domstate guest)" paused "the guest"
expect_converted_live

# The guest ends. (libvirt has taken its marks off the file that was at the path.)
killed_at renameat2 2
virsh -q destroy guest
expect_status 2 cowctl convert --rewrite "$image"
expect_err "marked as in use"
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
setfattr -x trusted.libvirt.security.ref_dac "$image"

# Somebody ends it while the converter is at it.
is_nocow "$image" && expect_status 0 cowctl convert --cow on "$image" # checksums, for below
: >"$T/serial"
virsh -q start guest
wait_for "the guest" _has_dots 2
inode=$(stat -c %i "$image")
ended_by_hand() {
	local status=0 converter
	trace_inject renameat2:delay_enter=5000000:when=2 cowctl convert --live "$image" &
	converter=$!
	wait_for "the mirror" has_job
	virsh -q blockjob guest sdb --abort
	wait_for "the guest on the copy" is_astray
	wait "$converter" || status=$?
	expect_equal "$status" 2 "status"
	expect_err "ended early"
}
ended_by_hand
expect_well
# Nor does it count as changed over when it stood still before, for which it stays so.
virsh -q suspend guest
ended_by_hand
expect_equal "$(virsh -q domstate guest)" paused "the guest"
virsh -q resume guest
expect_well

# A block that the guest never touches can't be read.
printf "%s" "$T" | dd of="$image" bs=64K seek=1 conv=notrunc,fsync status=none
at=$(grep -abo --max-count 1 "$T" "$T/b.img")
dd if=/dev/zero of="$T/b.img" bs=1 seek="${at%%:*}" count=8 conv=notrunc,fsync status=none
dd if="$image" iflag=nocache count=0 status=none
for _ in 1 2 3; do
	virsh -q suspend guest # QEMU 7.2 dies now and then of a request that comes in as a mirror ends
	expect_status 2 cowctl convert --live "$image"
	expect_err "ended early"
	expect_equal "$(virsh -q domstate guest)" paused "the guest"
	virsh -q resume guest
	expect_well
done
