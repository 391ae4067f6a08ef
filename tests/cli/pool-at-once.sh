#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many at once: one of all that define the same directory wins, and one build makes it.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

# at_once COMMAND...: run it eight times at once, "%" in it being the number. Counts successes.
at_once() {
	local n pids=() pid
	succeeded=0
	for n in {1..8}; do
		"${@//%/$n}" >"$T/out.$n" 2>"$T/err.$n" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		! wait "$pid" || succeeded=$((succeeded + 1))
	done
}

at_once cowctl pool define-as p% --session --target "$T/a/b/c"
expect_equal "$succeeded" 1 "definitions of one directory"
at_once cowctl pool define-as q% --session --target "$T/q%"
expect_equal "$succeeded" 8 "definitions of eight"
expect_equal "$(find "$T/config" -type f -not -name .lock | wc -l)" 9 "files"

name=$(basename "$T"/config/cowctl/pools/p*.xml .xml)
at_once cowctl pool build "$name" --session
expect_equal "$(cat "$T"/out.* | grep -c made)" 1 "builds that made it"
expect_equal "$(ls -A "$T/a/b")" c
at_once cowctl pool start "$name" --session
expect_equal "$(cat "$T"/out.* | grep -c "start")" 1 "starts"
at_once cowctl pool stop "$name" --session
expect_equal "$(cat "$T"/out.* | grep -c "stop")" 1 "stops"

# of all who forget one, the others are told that there is none
at_once cowctl pool undefine "$name" --session
expect_equal "$succeeded" 1 "undefined"
expect_equal "$(cat "$T"/err.* | grep -c "no pool '$name'")" 7 "who came too late"
