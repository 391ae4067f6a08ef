#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Starting or refreshing a pool ends what was interrupted in it, as the next conversion of the same image
# would; what somebody has to decide is counted and said.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime XDG_CACHE_HOME=$T/cache
pool() {
	cowctl pool "$@" --session
}
# killed CALL NAME OPTION...: a conversion, before it makes that call for the first time
killed() {
	trace_inject "$1:signal=KILL:when=1" cowctl convert "${@:3}" "$2" && fail "not killed at $1"
	[ -n "$(find . -name ".cowctl-*-$2")" ] || fail "nothing left of $2: $(cat "$T/err")"
}

make_fs btrfs b
mkdir -m 0755 "$T/b/p"
cd "$T/b/p"
for name in before after resumed; do
	make_image $name 4M
done
sums=$(sha256sum before after resumed)
chattr +C .
expect_status 0 pool define-as p --target "$T/b/p" --cow off
killed renameat2 before
killed unlinkat after
killed fdatasync resumed --resume
expect_status 0 pool start p
expect_equal "$(sha256sum before after resumed)" "$sums"
expect_equal "$(ls -A -I '.cowctl-*-resumed')" "$(printf '%s\n' after before resumed)" "what is there"
[ -n "$(find . -name '.cowctl-*-resumed')" ] || fail "what can be resumed is gone"
! is_nocow before || fail "it had not been exchanged, and is"
is_nocow after || fail "it had been exchanged, and is not"

# Somebody has the old image open: it may be a guest that goes on with it.
killed unlinkat before
exec 5<.cowctl-*-before
expect_status 1 pool refresh p
expect_err "1 interrupted conversions are left in pool 'p'" "is open" "cowctl convert --status"
exec 5<&-
expect_status 0 pool stop p
expect_status 0 pool start p
expect_equal "$(ls -A -I '.cowctl-*-resumed')" "$(printf '%s\n' after before resumed)" "what is there"

# An image that is moved bit by bit is not at its path until somebody says in which direction to go on.
FS_SIZE=320M make_fs xfs x
mkdir -m 0755 "$T/x/q"
cd "$T/x/q"
make_image moved 24M
leave_room 12 ../fill
expect_status 0 pool define-as q --target "$T/x/q" --cow off
killed fallocate moved --low-space --rewrite
[ ! -e moved ] || fail "it was not being moved"
expect_status 1 pool start q
expect_err "'moved' is moved in part"
expect_status 0 cowctl convert --undo moved
expect_status 0 pool refresh q
