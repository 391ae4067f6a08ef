#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library exports exactly the functions that its headers declare.
. "$(dirname "$0")/../lib.sh"
require nm ctags

ctags -x --kinds-C=p "$COW_SOURCE"/include/cow/*.h | awk '{ print $1 }' | sort -u >"$T/declared"
# Sanitizers put names of their own (__asan_, __odr_asan.) into what they build.
nm -D --defined-only "$COW_BUILD/lib/libcow.so" | awk '$2 ~ /[A-Z]/ && $2 != "A" { print $3 }' |
	sed 's/@.*//' | grep -v '^__' | sort -u >"$T/exported"

expect_equal "$(grep -v '^cow_' "$T/exported" || :)" "" "exported without the prefix"
expect_equal "$(comm -13 "$T/declared" "$T/exported")" "" "exported, but in no header"
expect_equal "$(comm -23 "$T/declared" "$T/exported")" "" "declared, but not exported"
