#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --json: one object, headed by its schema, that any parser takes, whatever the names are and
# whatever goes wrong.
. "$(dirname "$0")/../lib.sh"
require jq base64

header='keys_unsorted[0] == "cowctl" and .cowctl.schema == 1
	and (.cowctl.version | test("^[0-9]+\\.[0-9]+\\.[0-9]+$"))'
expect_status 0 cowctl probe --json "$T"
expect_json "$header and (has(\"error\") | not)"
expect_equal "$(jq -s length "$T/out")" 1 "number of JSON texts"

# A name that is UTF-8 stands as it is, quotes, newlines and all.
name=$'quote" back\\slash\nnew line \u00e4 -x'
mkdir -- "$T/$name"
expect_status 0 cowctl probe --json -- "$T/$name"
expect_json '.paths[0] | .path == $name and (has("path_bytes") | not)' --arg name "$T/$name"

# One that isn't is given exactly, in base64, beside a lossy form. Every length of padding.
for name in $'\xff' $'a\xffb' $'\xc3(' $'\xed\xa0\x80 surrogate' $'\xc0\xaf overlong'; do
	mkdir -- "$T/$name"
	expect_status 0 cowctl probe --json -- "$T/$name"
	expect_equal "$(json "$T/out" '.paths[0].path_bytes' | base64 -d)" "$T/$name" path_bytes
	expect_json '.paths[0].path | contains("\ufffd")'
done

# A failure is told in the JSON as well as on standard error.
expect_status 2 cowctl convert --json "$T/missing"
expect_json "$header and .error.code == \"not-found\""' and (.error.message | length > 0)
	and (.error | has("remedy"))'
expect_err "$(json "$T/out" .error.message)"

# A wrong call found while the verb was at work, too.
expect_status 3 cowctl convert --json --cow on --preallocate "$T/missing"
expect_json "$header and .error.code == \"usage\""

# An unknown column is refused before anything is done, in text and in JSON.
cowctl help --format=verbs >"$T/verbs"
while read -r verb; do
	IFS=' ' read -ra words <<<"$verb"
	cowctl "${words[@]}" --help >"$T/help"
	grep -q -- --output "$T/help" || continue
	expect_status 3 cowctl "${words[@]}" --output no-such-column
	expect_err "there is no column 'no-such-column'"
	[ ! -s "$T/out" ] || fail "$verb writes though the column is unknown"
done <"$T/verbs"
