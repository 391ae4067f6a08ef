#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The program in libcow(3) compiles, runs and says something true.
. "$(dirname "$0")/../lib.sh"
require cc

sed -n '/^```/,/^```/{/^```/!p}' "$COW_SOURCE/man/libcow.3.scd.in" >"$T/example.c"
sanitize=()
grep -qa __asan_init "$COW_BUILD/lib/libcow.so" && sanitize=("-fsanitize=address,undefined")
cc -Wall -Wextra -Werror "${sanitize[@]}" -I "$COW_SOURCE/include" -o "$T/example" "$T/example.c" \
	-L "$COW_BUILD/lib" -lcow -Wl,-rpath,"$COW_BUILD/lib"
expect_status 0 "$T/example" "$T"
grep -Eq '^(in-place|copied-once|copied|unknown): .' "$T/out" || fail "it says: $(cat "$T/out")"
expect_status 2 "$T/example" ''
