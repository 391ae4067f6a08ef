# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What tests of volumes need: a store of the test's own, and a started pool in it. Source tests/lib.sh
# before it, and call need_root first.
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run
mkdir -m 0777 "$T/config" "$T/run"

# make_pool NAME DIRECTORY [POLICY]: built and started.
make_pool() {
	expect_status 0 cowctl pool define-as "$1" --session --target "$2" --cow "${3:-auto}"
	expect_status 0 cowctl pool build "$1" --session
	expect_status 0 cowctl pool start "$1" --session
}

vol() {
	cowctl vol "$1" --session "${@:2}"
}

# volume NAME FILTER: a value of one volume out of the list just written.
volume() {
	jq -r --arg name "$1" ".volumes[] | select(.name == \$name) | $2" "$T/out"
}
