#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A list looks at the first pieces of an image only, and says where that left something open; one
# image alone is looked at as a whole.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
make_fs btrfs b
make_pool vms "$T/b/vms" off
cd "$T/b/vms"
truncate -s 64M pieces
fragment pieces 1000
[ "$(runs_of pieces)" -gt 256 ] || fail "the image is in $(runs_of pieces) pieces"
make_image whole 1M
sync pieces whole

expect_status 0 vol list vms --json
expect_equal "$(volume pieces '"\(.overwrite) \(.evidence) \(.compliance)"')" "in-place inferred ok"
expect_equal "$(volume whole '"\(.overwrite) \(.evidence)"')" "in-place reported"
expect_status 0 vol info --pool vms pieces --json
expect_equal "$(volume pieces '"\(.overwrite) \(.evidence)"')" "in-place reported"

# the work per image is bounded: not more calls for more pieces
require strace
calls() {
	ASAN_OPTIONS=detect_leaks=0 strace -qq -f -e trace=ioctl -o "$T/trace" "$COWCTL" vol list vms \
		--session >"$T/out"
	grep -c FIEMAP "$T/trace"
}
few=$(calls)
fragment pieces 6000 2
[ "$(runs_of pieces)" -gt 2000 ] || fail "the image is in $(runs_of pieces) pieces"
expect_equal "$(calls)" "$few" "number of FIEMAP calls"

# where the flag alone decides, nothing is left open
mkdir "$T/b/elsewhere"
truncate -s 64M "$T/b/elsewhere/plain"
fragment "$T/b/elsewhere/plain" 1000
mv "$T/b/elsewhere/plain" .
expect_status 0 vol list vms --json
expect_equal "$(volume plain '"\(.overwrite) \(.evidence) \(.compliance)"')" "copied reported drifted"
