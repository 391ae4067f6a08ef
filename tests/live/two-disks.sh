#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two disks of one guest are converted at the same time. For the change itself the guest stands still; the run
# that has stopped it is waited for, or it would let the guest go on in the middle of the other one's change,
# of which QEMU 7.2 can die.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
make_guest
make_fs btrfs b
chmod 0755 "$T/b"
make_image "$T/b/one" 40M
make_image "$T/b/two" 40M
libvirtd_start
_domain raw "$T/b/one"
sed -i "s|<serial |<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$T/b/two'/><target dev='sdc' bus='sata'/></disk>&|" "$T/guest.xml"
virsh -q create "$T/guest.xml"
wait_for "the guest" _has_dots 2

# is_paused KIND: with the first copy's journal at this
is_paused() {
	[ "$(find "$T/b" -name ".cowctl-*-$1-one")" ] && [ "$(virsh -q domstate guest)" = paused ]
}
expect_well() {
	expect_equal "$(virsh -q domstate guest)" running "the guest"
	expect_equal "$(ls -A "$T/b")" "one
two" "what is there"
	guest_goes_on
}

# In L5 to L7, and in L9.
for at in 2:p 5:d; do
	trace_inject "renameat2:delay_enter=4000000:when=${at%:*}" cowctl convert --live --rewrite "$T/b/one" &
	first=$!
	wait_for "the guest" is_paused "${at#*:}"
	"$COWCTL" convert --live --rewrite --json "$T/b/two" >"$T/two"
	wait "$first"
	jq -e '.images[0] | .result == "converted" and .seconds >= 1' "$T/two"
	expect_well
done

# Nobody else can have them wait.
expect_equal "$(stat -c %U:%a /run/cowctl-guests.lock)" root:600 "who can lock guests"

for _ in 1 2 3 4 5; do
	"$COWCTL" convert --live --rewrite "$T/b/one" >"$T/one.out" 2>&1 &
	first=$!
	"$COWCTL" convert --live --rewrite "$T/b/two" >"$T/two.out" 2>&1 || fail "$(cat "$T/two.out")"
	wait "$first" || fail "$(cat "$T/one.out")"
	expect_well
done
