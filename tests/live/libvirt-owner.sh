#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# When a mirror ends, a libvirt that does not remember owners gives the image to root, by its path, while its
# guest has it open. SELinux, with labels, would refuse what the guest asks for from then on: so the image is
# given back what it had before the guest goes on, whether it is converted or not.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
make_guest_image
libvirtd_start 'user = "libvirt-qemu"' 'group = "libvirt-qemu"' 'remember_owner = 0'
domain_start raw "$image"

# killed_while STATE OWNER INJECTION...: what the guest did then, and whose its image was
killed_while() {
	local injections=() state=$1 owner=$2
	shift 2
	for injection; do
		injections+=("--inject=$injection")
	done
	traced -o /dev/null --trace=fchown,renameat2,unlinkat "${injections[@]}" \
		-- "$COWCTL" convert --live --rewrite "$image" >"$T/out" 2>"$T/err" </dev/null && fail "not killed"
	expect_equal "$(virsh -q domstate guest)" "$state" "the guest"
	expect_equal "$(stat -c %U:%G "$image")" "$owner" "its image's owner"
}
again() {
	expect_status 0 cowctl convert --live --rewrite "$image"
	expect_equal "$(virsh -q domstate guest)" running "the guest"
	guest_goes_on
}

# What a pivot writes into the domain's definition is taken out again when the guest goes on: libvirt may take
# seconds for that.
definition_of inactive >"$T/inactive"
killed_while paused root:root fchown:signal=KILL:when=3 # on the copy
definition_of inactive | cmp -s "$T/inactive" - && fail "the domain is defined anew while it stands still"
exec 5<"$(find "$T/b" -name '.cowctl-*')" # so that it can't be removed
expect_status 2 cowctl convert --live --rewrite "$image"
expect_err "the old image of 'disk.raw' is still open"
exec 5<&-
expect_equal "$(virsh -q domstate guest)" running "the guest"
expect_equal "$(stat -c %U:%G "$image")" libvirt-qemu:libvirt-qemu "its owner"
again
killed_while running libvirt-qemu:libvirt-qemu unlinkat:signal=KILL
again
expect_equal "$(stat -c %U:%G "$image")" libvirt-qemu:libvirt-qemu "its owner"
for done in 3 4; do # the mirror runs, and is ready
	killed_while paused root:root renameat2:signal=INT:when=$done fchown:signal=KILL:when=3 # on the image
	again
	expect_equal "$(stat -c %U:%G "$image")" libvirt-qemu:libvirt-qemu "its owner"
done

# Nor is an image of 1970 one that its guest has gone on without: a journal that knows no time says 0.
virsh -q suspend guest
touch -d @0 "$image"
killed_while paused root:root fchown:signal=KILL:when=3
expect_status 0 cowctl convert --live --undo "$image"
expect_equal "$(stat -c %U:%G "$image")" libvirt-qemu:libvirt-qemu "its owner"
virsh -q resume guest

# Somebody ends the mirror, and libvirt is slow to give the image to root after that.
slowly_ended() {
	strace --quiet=all -f -o /dev/null --trace=chown --inject=chown:delay_enter=3000000 -p "$libvirtd" &
	slow=$!
	wait_for strace grep -q "^TracerPid:[[:blank:]]*[1-9]" "/proc/$libvirtd/status"
	virsh -q blockjob guest sdb --abort &
	wait_for "the end of the mirror" has_closed_copy
	pkill -INT -P "$(pgrep -P "$converter")"
}
has_closed_copy() {
	[ -z "$(find "/proc/$(cat /run/libvirt/qemu/guest.pid)/fd" -lname "$T/b/.cowctl-*")" ]
}
held renameat2:4 slowly_ended --live --rewrite
expect_equal "$status" 2 "status: $(cat "$T/err")"
virsh -q blockjob guest sdb --info # when libvirt is done with that
kill "$slow"
wait "$slow" || true
expect_equal "$(virsh -q domstate guest)" running "the guest"
expect_equal "$(stat -c %U:%G "$image")" libvirt-qemu:libvirt-qemu "its owner"
again

# Where others can create files, one of theirs is no old image to take an owner from, nor a copy.
chmod 1777 "$T/b"
virsh -q suspend guest
# planted OLD NEW KIND: a journal of theirs about these two, of which one is the image
planted() {
	mv "$T/b/theirs" "$T/b/.cowctl-$(printf %x-%x "$1" "$2")-0.0-$3-disk.raw"
	expect_status 2 cowctl convert --live --rewrite "$image"
	expect_equal "$(stat -c %U:%G "$image")" libvirt-qemu:libvirt-qemu "its owner"
	expect_equal "$(virsh -q domstate guest)" paused "the guest"
	expect_err "in a directory that others can write to" "chmod go-w"
}
inode=$(stat -c %i "$image")
touch "$T/b/theirs"
chown 1234:1234 "$T/b/theirs"
theirs=$(stat -c %i "$T/b/theirs")
planted "$theirs" "$inode" d
mv "$T"/b/.cowctl-* "$T/b/theirs"
planted "$inode" "$theirs" l
