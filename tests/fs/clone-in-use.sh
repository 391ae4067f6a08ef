#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image that somebody writes to is not cloned; one that is only read is. Whoever begins to write in
# the middle ends the clone.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
require strace qemu-system-x86_64
make_fs btrfs b
make_fs ext4 e
chmod 0777 "$T"
cd "$T/b"
make_image v.raw 8M

# in_use OPTION...
in_use() {
	expect_not_cloned 2 . "$@" v.raw clone
	expect_err "'v.raw' is in use"
	expect_not_cloned 2 . "$@" --dry-run v.raw clone
}
exec 3<>v.raw
in_use
expect_err "by 'bash' (process $$)"
in_use --match
exec 3<&-
coproc HOLD { exec "$COW_BUILD/tests/hold" map v.raw; }
pid=$HOLD_PID
read -r word <&"${HOLD[0]}"
expect_equal "$word" ready
in_use
eval "exec ${HOLD[1]}>&-"
wait "$pid"

# readers are welcome: this shell, a guest that is backed by it, a loop device
exec 3<v.raw
expect_cloned copied v.raw clone
rm clone
exec 3<&-
vm_start file=v.raw,format=raw,readonly=on
expect_cloned shared v.raw clone --match
expect_json '.image.source_held == true'
rm clone
vm_stop

# a guest that writes
vm_start file=v.raw,format=raw
in_use
expect_err 'qemu'

# not its owner: no lease, but QEMU says what it does
chmod 0644 v.raw
expect_status 2 as_nobody cowctl clone v.raw "$T/e/clone"
expect_err "'v.raw' is in use"
[ ! -e "$T/e/clone" ] || fail 'a clone in spite of the guest'
vm_stop
expect_status 0 as_nobody cowctl clone --json v.raw "$T/e/clone"
expect_json '.image.source_held == null'
expect_err "nobody writes to 'v.raw' meanwhile"
cmp v.raw "$T/e/clone"
rm "$T/e/clone"

# A writer that comes in the middle: the copy stands still before it is on disk, he waits for the
# lease, and then it is the clone that gives way.
: >"$T/trace"
{
	# leak detection needs ptrace for itself
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -o "$T/trace" --trace=fdatasync \
		--inject=fdatasync:signal=SIGSTOP:when=1 -- "$COWCTL" clone v.raw clone \
		>"$T/out" 2>"$T/err" || true
} &
held=$!
until grep -q 'stopped by SIGSTOP' "$T/trace"; do
	[ -e "/proc/$held" ] || fail "not held: $(cat "$T/err")"
done
: 3<>v.raw &
writer=$!
until grep -q 'LEASE *BREAKING' /proc/locks; do
	[ -e "/proc/$writer" ] || fail 'the writer did not wait'
done
pkill -CONT -P "$(pgrep -P "$held")"
wait "$writer" "$held"
expect_equal "$(tail -n1 "$T/trace")" '+++ exited with 2 +++' "the end: $(cat "$T/err")"
expect_err "'v.raw' is in use"
[ ! -e clone ] || fail 'a clone in spite of a writer'
expect_equal "$(ls -A .)" v.raw 'what is left'
