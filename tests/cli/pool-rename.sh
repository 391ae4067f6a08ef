#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool rename: another name for the same pool, whenever it is killed.
. "$(dirname "$0")/../lib.sh"
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
without_sanitizers
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 # which can't work while being traced
mkdir "$T/p"

pool() {
	cowctl pool "$@" --session
}

expect_status 0 pool define-as 'a & b' --target "$T/p" --cow off
expect_status 0 pool autostart 'a & b'
expect_status 0 pool uuid 'a & b'
uuid=$(cat "$T/out")
expect_status 0 pool define-as other --target "$T/other"
for name in other 'a & b'; do
	expect_status 2 pool rename 'a & b' "$name" --json
	expect_json '.error.code == "exists"'
done
expect_status 3 pool rename 'a & b' ../up
expect_status 3 pool rename 'a & b' $'\xef\xbf\xbe' # which XML doesn't have: it could not be read again
expect_status 0 pool start 'a & b'
expect_status 2 pool rename 'a & b' c
expect_err "is started"
expect_status 0 pool stop 'a & b'
expect_status 0 pool rename 'a & b' '<c>' --json
expect_json '.pools[0] | .name == "<c>" and .uuid == $uuid and .autostart and .policy == "off"' --arg uuid "$uuid"
expect_status 2 pool info 'a & b'
expect_status 0 pool list --name
expect_equal "$(paste -sd' ' "$T/out")" '<c> other'

# killed at each call that changes something: the pool is there, under one name or both
for ((n = 1; ; n++)); do
	("$COW_BUILD/tests/bend" "$T/bent" changing $n kill "$COWCTL" pool rename --session '<c>' d \
		>"$T/out" 2>"$T/err") || true
	expect_status 0 pool list --name
	names=$(grep -v other "$T/out" | paste -sd' ')
	case $names in '<c>' | d | '<c> d') ;; *) fail "after call $n: $names" ;; esac
	[ "$names" = d ] || expect_status 0 pool rename '<c>' d
	expect_status 0 pool info d --json
	expect_json '.pools[0] | .autostart and .uuid == $uuid' --arg uuid "$uuid"
	expect_status 0 pool list --name
	expect_equal "$(paste -sd' ' "$T/out")" 'd other'
	expect_status 0 pool rename d '<c>'
	grep -q '[a-z]' "$T/bent" || break
done
[ $n -ge 5 ] || fail "only $n calls"
expect_equal "$(find "$T/config" -name '.?*' -not -name .lock -type f)" "" "what is left"
