# SPDX-License-Identifier: LGPL-2.1-or-later
# File names are bytes: spaces, newlines, dashes and what isn't UTF-8 come through unharmed.
. "$(dirname "$0")/../lib.sh"
require jq

cd "$T"
mkdir ./--json
names=('-v' 'a b' $'new\nline' $'tab\there' $'bad\xffutf8' "quote'\"" 'ünï' $'\e[31mred')
for name in "${names[@]}"; do
	truncate -s 1M "./--json/$name"
done

run() { # as far as this goes, what is found doesn't matter
	local status=0
	"$COWCTL" audit "$@" >"$T/out" 2>"$T/err" || status=$?
	[ "$status" -ne 3 ] || fail "usage: $(cat "$T/err")"
}

run --json -- ./--json
expect_json '.images | length == 8'
while read -r path; do
	test -e "$path" || fail "no such file: $path"
done < <(json "$T/out" '.images[] | select(.path_bytes == null) | .path | select(contains("\n") | not)')
expect_json '[.images[].path] | index("./--json/new\nline") != null'
expect_json '[.images[] | select(.path_bytes)] | length == 1'
expect_equal "$(json "$T/out" '.images[] | select(.path_bytes).path_bytes' | base64 -d | od -c)" \
	"$(printf './--json/bad\xffutf8' | od -c)" 'path_bytes'

# one line each, and nothing a terminal would act on
run --noheadings --output PATH -- --json
expect_equal "$(wc -l <"$T/out")" 8 lines
! LC_ALL=C grep -q $'\e' "$T/out" || fail 'an escape sequence'
expect_out 'new\nline' 'bad\xffutf8'

run --json -- "--json/$(printf 'bad\xffutf8')" --json/-v
expect_json '.images | length == 2'
