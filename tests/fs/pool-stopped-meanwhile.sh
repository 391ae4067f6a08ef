#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pool that is stopped while it is being mounted, and undefined as well, leaves no mount behind.
. "$(dirname "$0")/../lib.sh"
need_root
require jq strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime ASAN_OPTIONS=detect_leaks=0
pool() {
	cowctl pool "$@" --session
}
FS_SIZE=300M make_fs ext4 image
umount "$T/image"
mkdir "$T/x"

for undefine in '' yes; do
	expect_status 0 pool define-as p --type fs --source-dev "$T/image.img" --target "$T/x"
	: >"$T/mounts"
	strace --quiet=all -o "$T/mounts" --trace=mount --inject=mount:delay_enter=5s:when=1 \
		"$COWCTL" pool start p --session --json >"$T/slow" 2>&1 &
	until [ -s "$T/mounts" ]; do :; done
	expect_status 0 pool stop p
	[ -z "$undefine" ] || expect_status 0 pool undefine p
	! wait $! || fail "it was stopped, and started all the same"
	expect_text "$T/slow" "was stopped while it was mounted"
	! mountpoint -q "$T/x" || fail "what no pool has is mounted"
	[ -n "$undefine" ] || expect_status 0 pool undefine p
done
