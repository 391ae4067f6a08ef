#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Of a pool in a file whose server answers nobody any more it is not known whether that is mounted; and nobody who asks
# waits for ever, nor does who stops it keep others from the store.
. "$(dirname "$0")/../lib.sh"
need_root
require jq bindfs pgrep mkfs.ext4
export ASAN_OPTIONS=detect_leaks=0 # which would wait for the threads that wait
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	timeout --signal=KILL 60 "$COWCTL" pool "$@" --session
}
mkdir "$T/below" "$T/hung" "$T/m" "$T/plain"
truncate -s 8M "$T/below/disk.img"
mkfs.ext4 -q "$T/below/disk.img"
bindfs -o attr_timeout=0,entry_timeout=0 "$T/below" "$T/hung"
server=$(pgrep --full "bindfs .*$T/hung")
expect_status 0 pool define-as in --type fs --source-dev "$T/hung/disk.img" --source-format ext4 --target "$T/m"
expect_status 0 pool define-as plain --target "$T/plain"
expect_status 0 pool start in
kill -STOP "$server"

expect_status 0 pool list --json
expect_json '.pools[0] | .name == "in" and .state == "active" and
	.compliance_reason == "what is mounted there is not known"'
expect_status 2 cowctl vol list in --session
expect_err "it is not known whether '$T/hung/disk.img' is mounted on '$T/m'"
pool stop in &
stopping=$!
expect_status 0 pool start plain
expect_status 0 pool stop plain
kill -CONT "$server"
wait $stopping
! mountpoint -q "$T/m" || fail "stopped, and still mounted"

# nor are others started late at boot for it: neither one that is at once, nor one that waits for another
mkdir "$T/apart" "$T/z"
truncate -s 32M "$T/outer.img"
mkfs.ext4 -q -d "$T/below" "$T/outer.img"
expect_status 0 pool define-as inner --type fs --source-dev "$T/z/disk.img" --source-format ext4 --target "$T/apart"
expect_status 0 pool define-as outer --type fs --source-dev "$T/outer.img" --source-format ext4 --target "$T/z"
for name in in plain inner outer; do
	expect_status 0 pool autostart $name
done
kill -STOP "$server"
pool start --autostart >/dev/null 2>&1 &
starting=$!
for name in plain inner outer; do
	until [ -e "$T/runtime/cowctl/pools/$name.started" ]; do
		kill -0 $starting || fail "$name is not started"
		read -rt 0.05 <> <(:) || true
	done
done
kill -0 $starting || fail "nobody waited for what doesn't answer"
kill -CONT "$server"
wait $starting
mountpoint -q "$T/m" || fail "not started when it answered"
for name in inner outer in; do
	expect_status 0 pool stop $name
done
