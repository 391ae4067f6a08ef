#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# After a power cut while a guest's disk was being converted, starting its pool puts right what the paths
# name before the guest is started: then the image is the complete one, also when the copy was at the path.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime XDG_CACHE_HOME=$T/cache
pool() {
	cowctl pool "$@" --session
}
make_guest
make_fs btrfs b
mkdir -m 0755 "$T/b/p"
image=$T/b/p/disk
make_image "$image" 40M
inode=$(stat -c %i "$image")
expect_status 0 pool define-as p --target "$T/b/p" --cow on

# The copy is at the path: killed before the names are exchanged back.
cut_while_opening() {
	qemu_start -drive "file=$image,format=raw,if=ide,index=2"
	trace_inject renameat2:signal=KILL:when=2 cowctl convert --qmp "$T/qmp" --cow off "$image" && fail "not killed"
	[ "$(stat -c %i "$image")" != "$inode" ] || fail "the copy is not at the path"
	qemu_stop
}
cut_while_opening
expect_status 0 pool start p
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
expect_equal "$(ls -A "$T/b/p")" disk "what is there"

# Somebody opens it in the instant in which the image comes back to the path: nothing is removed under them.
cut_while_opening
trace_inject renameat2:delay_enter=1000000 cowctl convert --undo "$image" &
converter=$!
wait_for "the lease" grep -q "LEASE .*WRITE .*:$(stat -c %i "$image") " /proc/locks
exec 5<>"$image"
wait "$converter" && fail "the copy is removed, which somebody has just opened"
expect_err "the new file is in use"
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
exec 5>&-
expect_status 0 pool refresh p
expect_equal "$(ls -A "$T/b/p")" disk "what is there"

# A guest that was started before has the copy, and keeps it until it is stopped.
cut_while_opening
exec 5<>"$image"
expect_status 1 pool refresh p
expect_err "interrupted" "the new file is in use"
[ "$(stat -c %i "$image")" != "$inode" ] || fail "exchanged under somebody who has it open"
exec 5>&-
expect_status 0 pool refresh p
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
guest_goes_on
