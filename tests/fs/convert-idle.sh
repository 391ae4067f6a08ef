#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Run by ionice(1), a conversion does all its reading and writing with that priority, in all its threads.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require ionice strace
make_fs btrfs b
make_image "$T/b/v.raw" 32M

ASAN_OPTIONS=detect_leaks=0 ionice -c idle strace --quiet=all -f -o "$T/calls" \
	--trace=pread64,pwrite64,fdatasync --inject=pread64,pwrite64,fdatasync:delay_exit=20000 -- \
	"$COWCTL" convert "$T/b/v.raw" >"$T/out" 2>&1 &
converter=$!
# One that has begun to exit has no class any more.
exits() {
	local stat flags=6 # the seventh of those behind the name
	read -r stat <"/proc/$1/stat" || return 0
	read -ra stat <<<"${stat##*)}"
	((stat[flags] & 0x4)) # PF_EXITING
}
while [ -e "/proc/$converter" ]; do
	for thread in $(pgrep --lightweight -P "$converter" -x cowctl); do
		class=$(ionice -p "$thread") && ! exits "$thread" && echo "$class"
	done
done >"$T/classes" 2>"$T/gone"
wait "$converter"
is_nocow "$T/b/v.raw" || fail "not converted"
[ "$(cut -d ' ' -f 1 "$T/calls" | sort -u | wc -l)" -ge 2 ] || fail "no second thread"
expect_equal "$(grep -v '^$' "$T/classes" | sort -u)" idle "classes of its threads"
