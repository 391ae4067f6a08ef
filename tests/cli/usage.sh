#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Help for everybody who asks, on one screen; one line and a hint for a wrong call.
. "$(dirname "$0")/../lib.sh"
require jq

expect_status 0 cowctl --version
grep -Eqx 'cowctl [0-9]+\.[0-9]+\.[0-9]+' "$T/out" || fail "version: $(cat "$T/out")"
expect_status 0 cowctl -V

fits() {
	[ "$(wc -l <"$T/out")" -le 24 ] || fail "$* is longer than 24 lines: $(cat "$T/out")"
	[ "$(wc -L <"$T/out")" -le 80 ] || fail "$* is wider than 80 columns: $(cat "$T/out")"
	[ ! -s "$T/err" ] || fail "$* talks to standard error"
}

expect_status 0 cowctl --help
fits --help
cp "$T/out" "$T/overview"
expect_status 0 cowctl help
cmp "$T/out" "$T/overview"

cowctl help --format=verbs >"$T/verbs"
while read -r verb; do
	IFS=' ' read -ra words <<<"$verb"
	expect_status 0 cowctl "${words[@]}" --help
	expect_out "Usage: cowctl $verb"
	fits "$verb --help"
	cp "$T/out" "$T/help"
	expect_status 0 cowctl help "${words[@]}"
	cmp "$T/out" "$T/help"
	expect_text "$T/overview" "  ${words[0]}"

	expect_status 3 cowctl "${words[@]}" --no-such-option
	expect_equal "$(cat "$T/err")" "cowctl $verb: unrecognized option '--no-such-option'
Try 'cowctl help $verb'."
	[ ! -s "$T/out" ] || fail "$verb writes to standard output though the call is wrong"
done <"$T/verbs"

# A wrong call outside of any verb.
expect_status 3 cowctl
expect_err "Try 'cowctl help'."
expect_status 3 cowctl no-such-verb
expect_err "unknown verb 'no-such-verb'" "Try 'cowctl help'."
expect_status 3 cowctl --no-such-option
expect_status 3 cowctl pool
expect_err "Try 'cowctl help pool'."
expect_status 3 cowctl pool no-such-verb
expect_err "cowctl pool: unknown verb 'no-such-verb'" "Try 'cowctl help pool'."
expect_status 0 cowctl pool --help
expect_out "cowctl help pool VERB"
expect_status 3 cowctl help no-such-verb
expect_status 3 cowctl help help probe

# Options: after operands too, until "--"; with and without their argument; of a closed vocabulary.
cd "$T"
mkdir -- --json
expect_status 0 cowctl probe . --json
jq -e .paths "$T/out" >/dev/null || fail "an option after the operand was not taken"
expect_status 0 cowctl probe -- --json
expect_out '--json' '  overwrite  '
wrong() { # MESSAGE ARGUMENT...
	expect_status 3 cowctl "${@:2}"
	expect_equal "$(head -n 1 "$T/err")" "cowctl $2: $1"
}
wrong "option '--output' requires an argument" probe --output
wrong "option '-o' requires an argument" probe . -o
wrong "option '--json' doesn't allow an argument" probe --json=yes
wrong "unrecognized option '-Z'" probe -Z
wrong "option '--cow' takes off|on, not 'auto'" convert --cow auto x
wrong "option '--reflink' takes auto|always|never, not 'maybe'" clone --reflink=maybe x y
wrong "an operand is missing: IMAGE|DIRECTORY|POOL..." convert
wrong "unexpected operand 'c'" create a 1M c
for verb in apply refresh start; do
	expect_status 3 cowctl pool $verb
	expect_err "an operand is missing: POOL..."
done

# What is echoed can't play tricks on a terminal.
expect_status 3 cowctl $'evil\e[31m\nverb'
expect_err "unknown verb 'evil\\x1b[31m\\nverb'"
