#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each verb that changes what is stored of a pool, killed at each call that changes something: every
# pool can be read, doing it again finishes it, and nothing is left behind.
. "$(dirname "$0")/../lib.sh"
require jq xmllint
without_sanitizers
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 # which can't work while being traced
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime TMPDIR=$T/edited # what is edited stays in
mkdir "$TMPDIR"
kills=0 between=()

pool() {
	cowctl pool "$@" --session
}
pools() {
	expect_status 0 pool list --json
	json "$T/out" '[.pools[] | "\(.name) \(.state) \(.persistent) \(.autostart) \(.policy)"] | join(", ")'
}
# is_among TEXT ONE...
is_among() {
	local one
	for one in "${@:2}"; do
		[ "$one" != "$1" ] || return 0
	done
	return 1
}
# reset: back to where a verb under test begins
reset() {
	rm -rf "$T/config" "$T/runtime"
	"$@"
}
# between: what may stand meanwhile beside what stood before and what stands in the end.
# killed BEGIN STANDS VERB ARGUMENT...: what has to stand in the end, when it was killed and is done
# again; which then may say that there is nothing left to do.
killed() {
	local begin=$1 stands=$2 before after n
	shift 2
	reset "$begin"
	before=$(pools)
	for ((n = 1; ; n++)); do
		reset "$begin"
		("$COW_BUILD/tests/bend" "$T/bent" changing $n kill "$COWCTL" pool "$@" --session \
			>"$T/out" 2>"$T/err") || true
		grep -q '[a-z]' "$T/bent" || break
		kills=$((kills + 1))
		after=$(pools)
		is_among "$after" "$before" "${between[@]}" "$stands" ||
			fail "after call $n ($(cat "$T/bent")) of $*: $after"
		pool "$@" >"$T/out" 2>"$T/err" || [ "$after" = "$stands" ] ||
			fail "$* again, after call $n: $(cat "$T/err")"
		expect_equal "$(pools)" "$stands" "after call $n of $*, and again"
	done
	expect_equal "$(pools)" "$stands" "undisturbed: $*"
}

nothing() {
	:
}
defined() {
	pool define "$T/p.xml" >"$T/out"
}
marked() {
	defined
	pool autostart p >"$T/out"
}
started() {
	defined
	pool start p >"$T/out"
}
built() {
	sed "s,<path>.*<,<path>$T/built<," "$T/p.xml" >"$T/built.xml"
	pool define "$T/built.xml" >"$T/out"
	mkdir -p "$T/built"
}
created() {
	pool create "$T/p.xml" >"$T/out"
}

mkdir "$T/p"
pool define-as p --target "$T/p" --cow off >"$T/out"
pool dumpxml p >"$T/p.xml"
sed "s/state=.no./state='yes'/" "$T/p.xml" >"$T/on.xml"

killed nothing 'p inactive true false off' define "$T/p.xml"
killed defined 'p inactive true false on' define "$T/on.xml"
killed defined '' undefine p
between=('p inactive true false off') # it is not started at boot any more first
killed marked '' undefine p
between=()
killed defined 'p inactive true true off' autostart p
killed marked 'p inactive true false off' autostart p --disable
killed defined 'p active true false off' start p
killed started 'p inactive true false off' stop p
between=( # both, and then the new one alone
	'p inactive true true off, q inactive true false off'
	'p inactive true true off, q inactive true true off'
	'p inactive true false off, q inactive true true off'
)
killed marked 'q inactive true true off' rename p q
between=()
export EDITOR='sed -i s/no/yes/'
killed defined 'p inactive true false on' edit p
killed built 'p inactive true false off' delete p
[ ! -e "$T/built" ] || fail 'the directory is not deleted'
killed nothing 'p active false false off' create "$T/p.xml"
killed created '' stop p
[ $kills -ge 20 ] || fail "only $kills kills"
