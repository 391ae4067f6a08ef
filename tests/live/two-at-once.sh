#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two live conversions of one image that begin at the same time: one converts it, the other one says so and
# leaves nothing; one that was killed leaves a copy that the next run removes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
make_guest_image
libvirtd_start
domain_start raw "$image"

# first_held INJECTION...: one that stands still as the first of them says.
first_held() {
	local injection options=()
	for injection in "$@"; do
		options+=("--inject=$injection")
	done
	: >"$T/trace"
	traced -o "$T/trace" --trace=fsync,linkat,unlinkat "${options[@]}" \
		-- "$COWCTL" convert --live --rewrite "$image" >"$T/first.out" 2>"$T/first.err" </dev/null &
	first=$!
	wait_for "the first" grep -q 'stopped by SIGSTOP' "$T/trace"
}
# first_ends STATUS
first_ends() {
	local status=0
	pkill -CONT -P "$(pgrep -P "$first")"
	wait "$first" || status=$?
	expect_equal "$status" "$1" "status of the first: $(cat "$T/first.err")"
}
expect_well() {
	expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
	expect_equal "$(virsh -q domstate guest)" running "the guest"
	guest_goes_on
}

# Its copy has a name already.
first_held linkat:signal=STOP:when=1
expect_status 2 cowctl convert --live --rewrite "$image"
expect_err "is being converted"
first_ends 0
expect_well

# Both have looked for others before either has given its copy a name, and the second one is through. It has
# left the old image, which the first has open, to the next run.
first_held fsync:signal=STOP:when=1
expect_status 0 cowctl convert --live --rewrite "$image"
first_ends 2
expect_text "$T/first.err" "changed meanwhile"
expect_status 0 cowctl convert --live "$image"
expect_well

# The second has given it one.
first_held fsync:signal=STOP:when=1
trace_inject linkat:delay_exit=3000000:when=1 cowctl convert --live --rewrite "$image" &
second=$!
wait_for "the second" eval '[ -n "$(find "$T/b" -name ".cowctl-*")" ]'
first_ends 2
expect_text "$T/first.err" "is being converted"
wait "$second"
expect_well

# The first is killed, when the second has converted the image.
first_held fsync:signal=STOP:when=1 unlinkat:signal=KILL:when=1
expect_status 0 cowctl convert --live --rewrite "$image"
first_ends 137
[ "$(find "$T/b" -name ".cowctl-*")" ] || fail "nothing left"
expect_status 0 cowctl convert --live --rewrite "$image"
expect_well

# Such a copy says that the guest may stand still for it: who doesn't ask for guests leaves it.
touch "$T/b/left"
left=$T/b/.cowctl-1-$(printf %x "$(stat -c %i "$T/b/left")")-0.0-p-disk.raw
mv "$T/b/left" "$left"
expect_status 2 cowctl convert --rewrite "$image"
expect_err "in use"
[ -e "$left" ] || fail "removed"
expect_status 0 cowctl convert --live "$image"
expect_well
