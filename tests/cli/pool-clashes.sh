#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Name and uuid belong together, a directory has one pool, and a started pool is not moved.
. "$(dirname "$0")/../lib.sh"
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
one=11111111-1111-4111-8111-111111111111
two=22222222-2222-4222-8222-222222222222
three=33333333-3333-4333-8333-333333333333

# define STATUS NAME UUID PATH
define() {
	printf "<pool type='dir'><name>%s</name><uuid>%s</uuid><target><path>%s</path></target></pool>" \
		"${@:2:3}" >"$T/pool.xml"
	expect_status "$1" cowctl pool define --session --json "$T/pool.xml"
	[ "$1" -eq 0 ] || expect_json ".error.code == \"${5:-exists}\""
}

define 0 a $one "$T/a"
define 0 a $one "$T/other"
define 0 a $one "$T/a"
define 2 a $two "$T/a"
define 2 b $one "$T/b"
define 2 b $two "$T/a"
define 2 b $two "$T//./a/"
define 0 b $two "$T/a/b"
expect_status 2 cowctl pool define-as a --session --target "$T/a"
expect_err "uuid $one"

# started: its directory can't be exchanged under it, and it can't be forgotten; what will be its directory is its own
expect_status 2 cowctl pool start a --session
expect_err "cowctl pool build"
mkdir "$T/a"
expect_status 0 cowctl pool start a --session
expect_status 2 cowctl pool start a --session
expect_err "started already"
define 0 a $one "$T/elsewhere"
expect_err "runs on in '$T/a'" "takes effect when it is started again"
define 2 c $three "$T/a"
define 2 c $three "$T/elsewhere"
expect_status 2 cowctl pool create-as c --session --target "$T/a"
expect_status 2 cowctl pool create-as c --session --target "$T/elsewhere" --build
[ ! -e "$T/elsewhere" ] || fail "the directory of another pool was made"
define 0 a $one "$T/a"
expect_equal "$(cat "$T/err")" ""
define 0 c $three "$T/elsewhere"
expect_status 0 cowctl pool undefine c --session
expect_status 2 cowctl pool undefine a --session
expect_status 2 cowctl pool build a --session
expect_status 0 cowctl pool info a --session --json
expect_json '.pools[0].state == "active"'
rmdir "$T/a"
expect_status 0 cowctl pool info a --session --json
expect_json '.pools[0].state == "inaccessible"'
expect_status 0 cowctl pool stop a --session
expect_status 2 cowctl pool stop a --session
expect_err "not started"
expect_status 0 cowctl pool undefine a --session

# what is left of one whose definition was removed while it was started is none of the next one's
for next in "define-as next --target $T/next" "rename other next"; do
	mkdir -p "$T/gone"
	expect_status 0 cowctl pool define-as next --session --target "$T/gone"
	expect_status 0 cowctl pool start next --session
	rm "$XDG_CONFIG_HOME/cowctl/pools/next.xml"
	[[ $next != rename* ]] || expect_status 0 cowctl pool define-as other --session --target "$T/next"
	# shellcheck disable=SC2086 # a verb and its operands
	expect_status 0 cowctl pool $next --session
	expect_status 0 cowctl pool info next --session --json
	expect_json '.pools[0].state == "inactive"'
	expect_status 0 cowctl pool undefine next --session
done

# a uuid finds the pool that has it, be another one named like it
define 0 $two 33333333-3333-4333-8333-333333333333 "$T/named"
expect_status 0 cowctl pool name $two --session
expect_out b
expect_status 0 cowctl pool undefine $two --session
expect_status 0 cowctl pool info $two --session --json # by its name, for no pool has the uuid any more
expect_json '.pools[0].uuid | startswith("33333333")'
expect_status 0 cowctl pool undefine $two --session
define 0 b $two "$T/b"

# the other one is still there
expect_status 0 cowctl pool list --session --json
expect_json '[.pools[].name] == ["b"]'
