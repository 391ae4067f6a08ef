#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The harness itself: a test passes, fails and skips as it should, and cleans up however it ends.
. "$(dirname "$0")/../lib.sh"
require jq

# try NAME COMMANDS: run them as a test of their own, with TMPDIR in this test's folder.
try() {
	mkdir -p "$T/tmp"
	printf '. "%s/lib.sh"\n%s\n' "$COW_TESTS" "$2" >"$T/$1.sh"
	env -u COW_PRIVATE TMPDIR="$T/tmp" bash "$T/$1.sh"
}
nothing_left() {
	expect_equal "$(ls -A "$T/tmp")" "" "what $1 left behind"
	# The kernel may detach a loop device a moment after the last mount is gone.
	SECONDS=0
	while losetup --list --noheadings --output BACK-FILE | grep -qF "$T/tmp/"; do
		[ $SECONDS -lt 10 ] || fail "$1 left a loop device"
	done
	! grep -qF "$T/tmp/" /proc/self/mountinfo || fail "$1 left a mount"
}

MUST_RUN=0
expect_status 0 try pass 'expect_status 3 sh -c "echo x; exit 3"; expect_out x'
expect_status 1 try fail 'false; echo not reached'
[ ! -s "$T/out" ] || fail "a failing command did not end the test"
expect_status 1 try status 'expect_status 0 false'
expect_err "status 1 instead of 0: false"
expect_status 1 try at-end 'at_end "true"; false'
expect_status 1 try at-end 'at_end "false"'
expect_status 1 try text 'expect_status 0 echo one; expect_out two'
expect_status 1 try json 'expect_status 0 echo "{\"a\": null}"; expect_json .a'
expect_status 77 try skip 'skip "no such thing"'
expect_err "SKIP: no such thing"
expect_status 77 try tool 'require no-such-tool'
export MUST_RUN=1
expect_status 1 try skip 'skip "no such thing"'
nothing_left "a test without mounts"

[ "$(id -u)" -eq 0 ] || exit 0
expect_status 0 try mounts 'need_root; make_fs tmpfs "a b"; make_fs ext4 c; touch "$T/a b/x" "$T/c/x"'
nothing_left "a test with mounts"
expect_status 1 try mounts 'need_root; make_fs ext4 c; false'
nothing_left "a failing test with mounts"
expect_status 137 try killed 'need_root; make_fs ext4 c; kill -KILL $$'
rm -r "$T/tmp"
mkdir "$T/tmp"
nothing_left "a killed test"
expect_status 0 try daemon 'need_root; make_fs ext4 c; setsid sleep 60 >"$T/c/open" & disown'
nothing_left "a test that left a process"
expect_status 1 try busy 'need_root; make_fs ext4 c; exec 9>"$T/c/held"'
nothing_left "a test that kept a file open"
