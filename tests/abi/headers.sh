#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each installed header compiles alone: as strict C99, and as C++.
. "$(dirname "$0")/../lib.sh"
require gcc g++

for header in "$COW_SOURCE"/include/cow/*.h; do
	name=cow/${header##*/}
	printf '#include <%s>\nint unused_%s;\n' "$name" "$RANDOM" >"$T/alone.c"
	cp "$T/alone.c" "$T/alone.cc"
	expect_status 0 gcc -std=c99 -pedantic -Wall -Wextra -Wundef -Wstrict-prototypes -Werror \
		-I "$COW_SOURCE/include" -c -o "$T/alone.o" "$T/alone.c"
	expect_status 0 g++ -std=c++11 -pedantic -Wall -Wextra -Werror \
		-I "$COW_SOURCE/include" -c -o "$T/alone.o" "$T/alone.cc"
done
