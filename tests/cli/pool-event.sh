#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool event: whoever watches hears of all that is done to pools, once, in order, and of nothing else.
. "$(dirname "$0")/../lib.sh"
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

pool() {
	cowctl pool "$@" --session
}
# watch OPTION...: begin, in $watcher; its output is in $T/heard.
watch() {
	"$COWCTL" pool event --session "$@" >"$T/heard" 2>"$T/said" &
	watcher=$!
	until grep -qs ^inotify /proc/$watcher/fdinfo/*; do
		kill -0 $watcher || fail "it doesn't watch: $(cat "$T/said")"
		read -rt 0.02 <> <(:) || true
	done
}
# ends STATUS: it does so by itself.
ends() {
	local status=0
	wait "$watcher" || status=$?
	expect_equal "$status" "$1" "status of pool event"
}
# hears LINE...: now or soon, all of them and no other.
hears() {
	local lines
	printf -v lines '%s\n' "$@"
	until [ "$(wc -l <"$T/heard")" -ge $# ]; do
		kill -0 "$watcher" || fail "it has ended: $(cat "$T/heard" "$T/said")"
		read -rt 0.02 <> <(:) || true
	done
	expect_equal "$(cat "$T/heard")" "${lines%$'\n'}" "what was heard"
}

expect_status 0 cowctl pool event --list
expect_equal "$(cat "$T/out")" $'lifecycle\nrefresh'
expect_status 0 cowctl pool event --list --json
expect_json '.types == ["lifecycle", "refresh"]'

# a whole life, from before there is anything at all
watch --loop
name='ä & "b"'
expect_status 0 pool define-as "$name" --target "$T/p"
expect_status 0 pool build "$name" --dry-run
expect_status 2 pool start "$name"
expect_status 0 pool build "$name"
expect_status 0 pool start "$name"
expect_status 2 pool start "$name"
expect_status 0 pool refresh "$name"
expect_status 0 pool info "$name"
expect_status 0 pool stop "$name"
expect_status 0 pool delete "$name"
expect_status 0 pool rename "$name" c
expect_status 0 pool undefine c
expect_status 0 pool create-as d --target "$T/d" --build
expect_status 0 pool stop d
name=$(printf %s "$name" | sed 's/ä/\\xc3\\xa4/') # the locale of tests has no ä
hears "event 'lifecycle' for pool $name: defined" \
	"event 'lifecycle' for pool $name: created" \
	"event 'lifecycle' for pool $name: started" \
	"event 'refresh' for pool $name: refreshed" \
	"event 'lifecycle' for pool $name: stopped" \
	"event 'lifecycle' for pool $name: deleted" \
	"event 'lifecycle' for pool $name: undefined" \
	"event 'lifecycle' for pool c: defined" \
	"event 'lifecycle' for pool c: undefined" \
	"event 'lifecycle' for pool d: started" \
	"event 'lifecycle' for pool d: stopped"
kill "$watcher"
ends 0
expect_equal "$(cat "$T/said")" ''

# of one pool, by its uuid, under whatever name; for programs
expect_status 0 pool define-as p --target "$T/p"
expect_status 0 pool define-as q --target "$T/q"
expect_status 0 pool build p
expect_status 0 pool build q
expect_status 0 pool uuid p
uuid=$(cat "$T/out")
watch --loop --json "$uuid"
expect_status 0 pool start q
expect_status 0 pool rename p r
expect_status 0 pool start r
until [ "$(wc -l <"$T/heard")" -ge 3 ]; do read -rt 0.02 <> <(:) || true; done
kill "$watcher"
ends 0
cp "$T/heard" "$T/out"
while read -r line; do
	jq -e 'keys_unsorted == ["cowctl", "event"] and .cowctl.schema == 1 and (.event |
		(.time | test("^20..-..-..T..:..:..[.][0-9]{6}Z$")) and .type == "lifecycle")' <<<"$line" >/dev/null ||
		fail "$line"
done <"$T/out"
expect_equal "$(jq -r '.event | .detail + " " + .pool + " " + .uuid' "$T/out")" \
	"undefined p $uuid"$'\n'"defined r $uuid"$'\n'"started r $uuid"

# the first one of a type is enough
watch --event refresh --timestamp
expect_status 0 pool stop q
expect_status 0 pool refresh r
ends 0
grep -Eqx "20[0-9-]{8} [0-9:]{8}\.[0-9]{3}\+0000: event 'refresh' for pool r: refreshed" "$T/heard" ||
	fail "$(cat "$T/heard")"

# none in time, or none before it is interrupted; with --loop any before that will do
expect_status 2 cowctl pool event --session --timeout 1 --loop --json
expect_json '.error.message == "no such event came in time"'
expect_equal "$(wc -l <"$T/out")" 1
watch
kill "$watcher"
ends 2
expect_text "$T/said" interrupted
watch --loop --timeout 2
expect_status 0 pool start q
ends 0
hears "event 'lifecycle' for pool q: started"

# nobody listens any more
mkfifo "$T/pipe"
"$COWCTL" pool event --session --loop >"$T/pipe" 2>"$T/said" &
watcher=$!
exec 3<"$T/pipe"
until grep -qs ^inotify /proc/$watcher/fdinfo/*; do read -rt 0.02 <> <(:) || true; done
exec 3<&-
expect_status 0 pool stop q
ends 2
expect_text "$T/said" "write to standard output"

# what can't be told of is done all the same
rm "$T"/runtime/cowctl/pools/events
mkdir "$T/runtime/cowctl/pools/events"
expect_status 0 pool start q
rmdir "$T/runtime/cowctl/pools/events"
expect_status 0 pool info q --json
expect_json '.pools[0].state == "active"'

# what is wrong is said
expect_status 2 pool event missing --json
expect_json '.error.code == "not-found"'
mkdir -p "$T/config/libvirt/storage"
echo "<pool type='dir'><name>theirs</name><target><path>/t</path></target></pool>" >"$T/config/libvirt/storage/theirs.xml"
expect_status 2 pool event theirs
expect_err "is libvirt's" "use virsh"
for seconds in 0 -1 x 1s 99999999999999999999; do
	expect_status 3 pool event --timeout $seconds
	expect_err "number of seconds"
done
expect_status 3 pool event --event exploded
