#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Neither their directory nor all mounts are read anew for each of many images that are planned, or are as wanted, and
# nothing is copied for each to find out how long it takes. But what a conversion leaves there meanwhile is found.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace
make_fs btrfs b
cd "$T/b"
mkdir d e
(cd d && seq -f '%g.raw' 200 | xargs truncate -s 1M)
settle d

# expect_few_calls STATUS OPTION...
expect_few_calls() {
	local status=0
	traced -o "$T/trace" --trace=getdents64,fdatasync,pwrite64 -- "$COWCTL" convert -r --json "${@:2}" d \
		>"$T/out" 2>"$T/err" || status=$?
	expect_equal "$status" "$1" status
	[ "$(wc -l <"$T/trace")" -lt 50 ] || fail "${*:2}: $(cut -d'(' -f1 "$T/trace" | sort | uniq -c)"
}
expect_few_calls 0 --dry-run
expect_json '.summary.planned == 200'
expect_few_calls 0 --cow on
expect_json '.summary.already == 200'

# One that is mounted elsewhere is refused, one that has no room measures no rate.
touch mounted
mount --bind d/7.raw mounted
fallocate -l 250M d/large.raw
fallocate -l 50M fill
for ((i = 1; i <= 200; i++)); do
	[ "$i" -eq 7 ] || printf x | dd of="d/$i.raw" conv=notrunc status=none
done
sync -f .
settle d
expect_few_calls 2 --dry-run
expect_json '.summary | .planned == 199 and .refused == 2 and .seconds_needed > 0'
expect_json '.images[] | select(.path == "d/7.raw") | .reason | contains("is bind-mounted")'

# Somebody else's conversion of the second one is killed while the first one is looked at.
make_image e/1.raw 1M
make_image e/2.raw 1M
settle e
ASAN_OPTIONS=detect_leaks=0 strace -o "$T/trace" -P "$PWD/e/1.raw" --trace=ioctl --inject=ioctl:signal=SIGSTOP:when=1 -- \
	"$COWCTL" convert --cow on e/1.raw e/2.raw >"$T/out" 2>"$T/err" &
tracer=$!
until grep -q 'stopped by SIGSTOP' "$T/trace" 2>"$T/log"; do
	[ -e "/proc/$tracer" ] || fail "not stopped: $(cat "$T/err")"
done
interrupt_copy 1 e/2.raw
pkill -CONT -P "$tracer"
wait "$tracer" || fail "$(cat "$T/err")"
expect_equal "$(litter_in e)" "" "what is left"
