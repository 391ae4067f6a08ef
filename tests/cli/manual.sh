#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual: every page is well-formed, every verb and option is in it, and what it says about the
# library's error codes is true.
. "$(dirname "$0")/../lib.sh"
require mandoc
[ -e "$COW_BUILD/man/cowctl.8" ] || skip "built without manual pages"

for page in "$COW_BUILD"/man/*.[1-9]; do
	mandoc -Tlint -W error "$page" || fail "mandoc finds errors in $page"
done

render() {
	mandoc -Tascii "$COW_BUILD/man/$1" | col -b
}

render cowctl.8 >"$T/overview"
cowctl help --format=verbs >"$T/verbs"
while read -r verb; do
	expect_text "$T/overview" "cowctl $verb"
	[ "$verb" != help ] || continue
	render "cowctl-${verb%% *}.8" >"$T/page"
	IFS=' ' read -ra words <<<"$verb"
	cowctl help "${words[@]}" | grep -o -- '^  .*--[a-z-]*' | grep -o -- '--[a-z-]*' |
		while read -r option; do
			expect_text "$T/page" "$option"
		done
	expect_text "$T/page" "cowctl $verb" OPTIONS JSON "EXIT STATUS" "EXAMPLES" "SEE ALSO"
	expect_text "$T/overview" "cowctl-${verb%% *}(8)"
done <"$T/verbs"

# Codes: name, enumerator and exit status, all of them and no others.
sed -n 's/^\t\[\(COW_CODE_[A-Z_]*\)\] = {"\([a-z-]*\)", \([0-9]\)},$/\2, \1, \3/p' \
	"$COW_SOURCE/lib/base/error.c" >"$T/codes"
[ "$(wc -l <"$T/codes")" -gt 10 ] || fail "no table of codes found in lib/base/error.c"
render libcow.3 | grep -o '[a-z-]*, COW_CODE_[A-Z_]*, [0-9]' | diff "$T/codes" -
