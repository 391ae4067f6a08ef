#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The arrow check passes what goes with the arrow and names what goes against it.
. "$(dirname "$0")/../lib.sh"

# arrows STATUS FILE INCLUDE: a tree with this one include
arrows() {
	rm -rf "$T/tree"
	mkdir -p "$T/tree/$(dirname "$2")"
	printf '#include <cow/types.h>\n#include %s\n' "$3" >"$T/tree/$2"
	expect_status "$1" "$COW_TESTS/../tools/check-arrows" "$T/tree"
	[ "$1" -eq 0 ] || expect_out "$2:2: "
}

arrows 0 lib/probe/measure.c '"stack/stack.h"'
arrows 0 lib/probe/measure.c '"probe/probe.h"'
arrows 0 lib/probe/test-probe.c '"unit.h"'
arrows 0 lib/pool/store.c '"audit/audit.h"'
arrows 0 cli/cmd-probe.c '"cli.h"'
arrows 0 cli/cmd-probe.c '<cow/probe.h>'
arrows 1 lib/stack/stack.c '"probe/probe.h"'
arrows 1 lib/image/chain.c '"stack/stack.h"'
arrows 1 lib/audit/walk.c '"convert/copy.h"'
arrows 1 lib/base/fd.c '"attr/attr.h"'
arrows 1 lib/cellar/new.c '"base/fd.h"'
arrows 1 cli/cmd-probe.c '"base/fd.h"'
arrows 1 cli/cmd-probe.c '  "base/fd.h"'
