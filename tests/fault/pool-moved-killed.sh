#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A started pool being moved by a new definition, moved back, and stopped while one waits, killed at each call that
# changes something: it runs where it was started, or it is stopped, and doing it again finishes it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
require jq
without_sanitizers
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 # which can't work while being traced
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
kills=0
mkdir "$T/one" "$T/two"

pool() {
	cowctl pool "$@" --session
}
# everywhere VERB...: kill it at each call it makes; before each time `begin`, and `check` afterwards
everywhere() {
	for ((n = 1; ; n++)); do
		begin
		("$COW_BUILD/tests/bend" "$T/bent" changing "$n" kill "$COWCTL" "$@" --session >"$T/out" 2>"$T/err") || true
		grep -q '[a-z]' "$T/bent" || break
		kills=$((kills + 1))
		when="after call $n ($(cat "$T/bent")) of $*"
		check
	done
}
# Where it is, where it will be, and whether that is another place.
stands() {
	expect_status 0 pool info p --json
	json "$T/out" '.pools[0] | "\(.state) \(.path | split("/") | last) pending=\(.pending)"'
}
stored() {
	pool dumpxml p --inactive | grep -o '/[a-z]*</path>' | tr -dc '[:alpha:]' | sed 's/path//'
}
expect_status 0 pool define-as p --target "$T/one" --cow off
for place in one two; do
	expect_status 0 pool dumpxml p --inactive
	sed "s|/one<|/$place<|" "$T/out" >"$T/$place.xml"
done
begin_in() {
	pool stop p >"$T/out" 2>"$T/err" || true
	expect_status 0 pool define "$T/one.xml"
	expect_status 0 pool start p
	[ "$1" = one ] || expect_status 0 pool define "$T/$1.xml"
}
runs_on() {
	case $(stored) in
	one) expect_equal "$(stands)" "active one pending=false" "$when" ;;
	two) expect_equal "$(stands)" "active one pending=true" "$when" ;;
	*) fail "stored is $(stored) $when" ;;
	esac
}

# moved
begin() {
	begin_in one
}
check() {
	runs_on
	expect_status 0 pool define "$T/two.xml"
	expect_equal "$(stands)" "active one pending=true" "$when, and again"
	expect_status 0 pool stop p
	expect_equal "$(stands)" "inactive two pending=false" "$when, and stopped"
}
everywhere pool define "$T/two.xml"
[ $kills -ge 4 ] || fail "only $kills kills"

# moved back
begin() {
	begin_in two
}
check() {
	runs_on
	expect_status 0 pool define "$T/one.xml"
	expect_equal "$(stands)" "active one pending=false" "$when, and again"
	expect_equal "$(find "$T/config" "$T/runtime" -name '.cowctl-*')" "" "what is left $when"
}
everywhere pool define "$T/one.xml"

# stopped
check() {
	case $(stands) in
	'active one pending=true') expect_status 0 pool stop p ;;
	esac
	expect_equal "$(stands)" "inactive two pending=false" "$when"
}
everywhere pool stop p
[ $kills -ge 9 ] || fail "only $kills kills"
