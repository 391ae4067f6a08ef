#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names are any bytes: shown on one line, exact in JSON.
. "$(dirname "$0")/../lib.sh"
cd "$T"
names=("with space" $'new\nline' $'bad\xff\xfeutf8' "--json" "-x" "ünïcode" "tab"$'\t'"\\")
mkdir -- "${names[@]}"

status=0
"$COWCTL" probe --json -- "${names[@]}" >"$T/out" || status=$?
[ $status -ne 3 ] || fail "a name was taken for an option"
expect_json '.paths | length == 7'
expect_json '.paths[0].path == "with space" and .paths[1].path == "new\nline" and .paths[3].path == "--json"'
expect_json '.paths[2].path == "bad��utf8"'
expect_equal "$(json out '.paths[2].path_bytes' | base64 -d)" "${names[2]}" "the exact name"
expect_json '.paths | map(has("path_bytes")) == [false, false, true, false, false, false, false]'

"$COWCTL" probe -- "${names[1]}" "${names[2]}" >"$T/out" || true
expect_out 'new\nline' 'bad\xff\xfeutf8'
