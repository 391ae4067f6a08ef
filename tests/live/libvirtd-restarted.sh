#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirtd is restarted while it copies: the conversion goes on where it was. A run that is killed is ended
# by the next one, and so is one whose domain is shut down.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
make_guest_image
libvirtd_start 'user = "libvirt-qemu"' 'group = "libvirt-qemu"'
domain_start raw "$image"
getfattr --absolute-names --dump --match=- -- "$image" >"$T/marks"

# While it does not run, nobody can tell it to copy.
kill "$libvirtd"
wait "$libvirtd" || true
libvirtd=
expect_status 2 cowctl convert --live "$image"
expect_err "libvirt could not be asked" "libvirt-sock"
libvirtd_restart

# While it hangs, so does who asks it; being ended once is not enough then, but twice is.
kill -STOP "$libvirtd"
"$COWCTL" convert --live "$image" >"$T/out" 2>"$T/err" &
converter=$!
catches_term() {
	local mask
	[[ $(readlink "/proc/$converter/exe") == */cowctl ]] || return 1 # the shell catches it as well
	mask=$(sed -n 's/^SigCgt:[[:blank:]]*//p' "/proc/$converter/status")
	[ $((0x$mask >> 14 & 1)) -eq 1 ]
}
wait_for "the converter" catches_term
kill -TERM "$converter"
wait_for "what it says" grep -q "still waiting for what is under way; interrupted once more" "$T/err"
kill -TERM "$converter"
status=0
wait "$converter" || status=$?
expect_equal "$status" 143 "status"
kill -CONT "$libvirtd"

# First while the guest stands still for the copy to be opened, then while both are the same.
for to in off on off; do
	case $to in off) nth=2 ;; on) nth=4 ;; esac
	held "renameat2:$nth" libvirtd_restart --live --cow "$to"
	expect_equal "$status" 0 "status: $(cat "$T/err")"
	case $to in
	off) is_nocow "$image" || fail "not NOCOW" ;;
	on) ! is_nocow "$image" || fail "still NOCOW" ;;
	esac
	guest_goes_on
done

trace_inject renameat2:signal=KILL:when=3 cowctl convert --live --cow on "$image" && fail "not killed"
expect_status 0 cowctl convert --live --cow on --json "$image"
expect_json '.images[0] | .result == "converted" and .mode == "live"'
! is_nocow "$image" || fail "still NOCOW"
getfattr --absolute-names --dump --match=- -- "$image" | diff "$T/marks" -
guest_goes_on

# One that is killed as it begins a mirror knows later of one, but no more where to: it is ended all the same.
: >"$T/libvirtd.trace"
strace --quiet=all -f -o "$T/libvirtd.trace" --string-limit=200 --trace=recvmsg,read,rename \
	--inject=rename:delay_enter=1000000 -p "$libvirtd" &
strace=$!
wait_for strace grep -q "^TracerPid:[[:blank:]]*[1-9]" "/proc/$libvirtd/status"
"$COWCTL" convert --live --rewrite "$image" >"$T/out" 2>"$T/err" &
converter=$!
wait_for "the mirror" grep -q JOB_STATUS_CHANGE "$T/libvirtd.trace"
kill -KILL "$libvirtd"
wait "$libvirtd" "$strace" || true
libvirtd=
libvirtd_restart
status=0
wait "$converter" || status=$?
expect_equal "$status" 2 "status"
expect_equal "$(cat "$T/err")" \
	"cowctl: '$image': libvirt: block copy: End of file while reading data: Input/output error" "what it says"
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
expect_equal "$(virsh -q domstate guest)" running "the guest"
guest_goes_on

held renameat2:2 "virsh -q destroy guest" --live --cow off
expect_equal "$status" 2 "status"
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
expect_equal "$(getfattr --absolute-names --dump --match=trusted -- "$image")" "" "marks of a guest that is gone"
