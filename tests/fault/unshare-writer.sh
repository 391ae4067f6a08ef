#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody who writes to an image that is being unshared waits for the piece to be done, and what he writes
# stays; the work ends there.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
require strace
make_fs btrfs b
cd "$T/b"
chattr +C .
make_image v.raw 10M
sync .
cp --reflink=always v.raw clone.raw

# The last read of an undisturbed run is the one under the lease, before the last piece is written.
traced() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -o "$T/trace" --trace=pread64 "$@" \
		>"$T/out" 2>"$T/err"
}
traced -- "$COWCTL" unshare v.raw
last=$(grep -c '^pread64' "$T/trace")
# ... and so three pieces have two reads each
for when in "$((last - 4))" "$((last - 2))" "$last"; do
	cp --reflink=always v.raw "clone.$when"
	: >"$T/trace"
	{ traced --inject="pread64:signal=SIGSTOP:when=$when" -- "$COWCTL" unshare v.raw || true; } &
	held=$!
	until grep -q 'stopped by SIGSTOP' "$T/trace"; do
		[ -e "/proc/$held" ] || fail "not held: $(cat "$T/err")"
	done
	# a byte in each piece, written by somebody who has to wait and then keeps it open
	coproc WRITER {
		exec 5<>v.raw
		for at in 0 5 9; do
			printf 'new %s' "$when" | dd of=/dev/fd/5 bs=1M seek=$at conv=notrunc status=none
		done
		echo written
		read -r _ || true
	}
	writer=$WRITER_PID
	until grep -q 'LEASE *BREAKING' /proc/locks; do
		[ -e "/proc/$writer" ] || fail 'the writer did not wait'
	done
	pkill -CONT -P "$(pgrep -P "$held")"
	read -r word <&"${WRITER[0]}"
	expect_equal "$word" written
	wait "$held"
	for at in 0 5 9; do
		dd if=v.raw bs=1M skip=$at count=1 status=none >"$T/piece"
		expect_equal "$(head -c $((4 + ${#when})) "$T/piece")" "new $when" "what is at $at MiB"
	done
	eval "exec ${WRITER[1]}>&-"
	wait "$writer"
	tail -n1 "$T/trace" | grep -q "exited with [02]" || fail "the end: $(cat "$T/err")"
	cmp -n 1048576 --ignore-initial=1048576 v.raw "clone.$when"
done

# XFS: who opens, writes and closes within one of the kernel's calls waits for nothing, and leaves no trace but
# the time, which stays.
make_fs xfs x
cd "$T/x"
make_image v.raw 10M
sync .
cp --reflink=always v.raw clone.raw
touch -d '2021-02-03 04:05:06.789' v.raw
: >"$T/trace"
{
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -o "$T/trace" --trace=fallocate \
		--inject=fallocate:signal=SIGSTOP:when=2 -- "$COWCTL" unshare v.raw >"$T/out" 2>"$T/err" || true
} &
held=$!
until grep -q 'stopped by SIGSTOP' "$T/trace"; do
	[ -e "/proc/$held" ] || fail "not held: $(cat "$T/err")"
done
printf new | dd of=v.raw conv=notrunc status=none
written=$(stat -c %.Y v.raw)
pkill -CONT -P "$(pgrep -P "$held")"
wait "$held"
tail -n1 "$T/trace" | grep -q 'exited with 0' || fail "the end: $(cat "$T/err")"
expect_equal "$(stat -c %.Y v.raw)" "$written" "the time of the writer"
expect_equal "$(head -c 3 v.raw)" new
