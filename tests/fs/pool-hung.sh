#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A filesystem that answers nobody any more, be it a server or a program: whoever asks for its pool learns
# that, and no other pool is concerned.
. "$(dirname "$0")/../lib.sh"
need_root
require jq bindfs pgrep
export ASAN_OPTIONS=detect_leaks=0 # which would wait for the threads that wait
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	timeout --signal=KILL 60 "$COWCTL" pool "$@" --session
}

mkdir "$T/below" "$T/hung" "$T/x"
bindfs -o attr_timeout=0,entry_timeout=0 "$T/below" "$T/hung"
server=$(pgrep --full "bindfs .*$T/hung")
mkdir "$T/hung/defined" "$T/hung/started"
for name in defined started; do
	expect_status 0 pool define-as $name --target "$T/hung/$name"
done
expect_status 0 pool start started
FS_SIZE=300M make_fs ext4 image
umount "$T/image"
expect_status 0 pool define-as other --type fs --source-dev "$T/image.img" --target "$T/x"
expect_status 0 pool define-as plain --target "$T/plain"
kill -STOP "$server"

# some verb waits for it, as it must, and keeps nobody from the store
pool start defined >/dev/null 2>&1 &
starting=$!
pool build defined >/dev/null 2>&1 &
building=$!
expect_status 0 pool list --name
expect_equal "$(paste -sd' ' "$T/out")" "defined other plain started"
expect_status 0 pool list --json
expect_json '[.pools[] | select(.name == "started" or .name == "defined")] | length == 2 and
	all(.[]; .compliance == "unknown" and .compliance_reason == "the directory does not answer" and
		.capacity == null)'
expect_json '.pools[] | select(.name == "started").state == "inaccessible"'
expect_status 0 pool build plain
expect_status 0 pool start plain
expect_status 0 pool start other
expect_status 0 pool info other --json
expect_json '.pools[0].state == "active"'
expect_status 0 cowctl create --session "$T/plain/raw" 1M --json
expect_json '.image.pool == "plain"'
expect_status 0 timeout --signal=KILL 60 "$COWCTL" audit --session "$T/plain"
expect_status 0 timeout --signal=KILL 60 "$COWCTL" convert --session --recursive --dry-run plain
# by a path, its policy might be that of what is there
expect_status 2 timeout --signal=KILL 60 "$COWCTL" convert --session --recursive --dry-run "$T/plain"
expect_err "does not answer"
expect_err "say --cow"
expect_status 0 timeout --signal=KILL 60 "$COWCTL" convert --session --recursive --dry-run --cow off "$T/plain"
expect_status 2 timeout --signal=KILL 60 "$COWCTL" audit --session started
expect_err "'started' does not answer"
expect_status 0 pool stop other
expect_status 0 pool stop plain
# nor does it keep others from being started at boot
for name in defined plain; do
	expect_status 0 pool autostart $name
done
pool start --autostart >/dev/null 2>&1 &
marked=$!
until [ -e "$T/runtime/cowctl/pools/plain.started" ]; do
	kill -0 $marked || fail "plain is not started"
	read -rt 0.05 <> <(:) || true
done
expect_status 0 pool stop started
kill -0 $starting || fail "nobody waited"
kill -CONT "$server"
wait $starting $building $marked || true # one of them starts it
expect_status 0 pool stop defined
