#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that is gone may have many pools: all of them together are asked for two seconds, be it while the store is
# locked, so that others neither give up nor wait for each.
. "$(dirname "$0")/../lib.sh"
need_root
require jq bindfs pgrep
export ASAN_OPTIONS=detect_leaks=0 # which would wait for the threads that wait
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	timeout --signal=KILL 60 "$COWCTL" pool "$@" --session
}
mkdir "$T/below" "$T/hung" "$T/one" "$T/two"
bindfs -o attr_timeout=0,entry_timeout=0 "$T/below" "$T/hung"
server=$(pgrep --full "bindfs .*$T/hung")
for name in {a..j}; do
	mkdir "$T/hung/$name"
	expect_status 0 pool define-as "$name" --target "$T/hung/$name"
	expect_status 0 pool start "$name"
done
for name in one two; do
	expect_status 0 pool define-as $name --target "$T/$name"
done
kill -STOP "$server"
pool start one >"$T/said" 2>&1 &
starting=$!
expect_status 0 pool start two
wait $starting || fail "one is not started: $(cat "$T/said")"
# nor does the next command wait for each of them
expect_status 0 timeout --signal=KILL 15 "$COWCTL" create --session "$T/one/raw" 1M --json
expect_json '.image.pool == "one"'
expect_status 0 timeout --signal=KILL 15 "$COWCTL" pool list --session --json
expect_json '[.pools[].state] | (map(select(. == "inaccessible")) | length) == 10 and (map(select(. == "active")) | length) == 2'
kill -CONT "$server"
