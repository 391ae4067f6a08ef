#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool autostart marks what pool start --autostart starts, each pool once and whatever the others do.
. "$(dirname "$0")/../lib.sh"
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
links=$T/config/cowctl/pools/autostart

pool() {
	cowctl pool "$@" --session
}
states() {
	pool list --json >"$T/list"
	json "$T/list" '[.pools[] | "\(.name) \(.state) \(.autostart)"] | join(", ")'
}

for name in a b c gone; do
	expect_status 0 pool define-as $name --target "$T/$name"
	[ $name = gone ] || mkdir "$T/$name"
done
expect_status 0 pool start --autostart
for name in a b gone; do
	expect_status 0 pool autostart $name --json
	expect_json '.pools[0].autostart'
done
[ "$links/a.xml" -ef "$T/config/cowctl/pools/a.xml" ] || fail "the link leads elsewhere"
expect_status 0 pool autostart a # again
expect_out "is marked to be started at boot" "cowctl pool start --session --autostart" # it is not said that anybody does

expect_status 0 pool start b
expect_status 2 pool start --autostart --json
expect_err "directory '$T/gone'"
expect_json '[.pools[].name] == ["a"]'
expect_equal "$(states)" "a active true, b active true, c inactive false, gone inactive true"

# unmarked: nothing is left, and it stays as it is until the next time
expect_status 0 pool autostart a --disable
expect_status 0 pool autostart a --disable
expect_out "is not marked to be started at boot"
expect_equal "$(states)" "a active false, b active true, c inactive false, gone inactive true"
expect_equal "$(find "$links" -name 'a.*')" ""
expect_status 0 pool undefine gone
expect_equal "$(ls "$links")" b.xml
expect_status 2 pool autostart gone

# many by name; what fails for one stops no other
expect_status 0 pool stop a
expect_status 2 pool start a missing c --json
expect_json '[.pools[].name] == ["a", "c"] and .error.code == "not-found"'
expect_status 3 pool start
expect_status 3 pool start --autostart a

# the name for a uuid, and the other way round
expect_status 0 pool uuid a
expect_status 0 pool name "$(cat "$T/out")"
expect_equal "$(cat "$T/out")" a
