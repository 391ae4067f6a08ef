#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is mounted and no good any more, for its disk failed or its server has forgotten it, can be unmounted all the
# same: that is how it is had again.
. "$(dirname "$0")/../lib.sh"
need_root
require mkfs.xfs mkfs.ext4 xfs_io bindfs pgrep strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}
# stops: it is, and unmounted
stops() {
	! stat "$T/link/m" >"$T/out" 2>&1 || fail "it can still be looked at"
	expect_status 0 pool stop p
	! mountpoint -q "$T/m" || fail "stopped, and still mounted"
	expect_status 0 pool undefine p
}
mkdir "$T/m" "$T/server"
ln -s "$T" "$T/link"

truncate -s 320M "$T/disk.img"
mkfs.xfs -q "$T/disk.img"
expect_status 0 pool define-as p --type fs --source-dev "$T/disk.img" --target "$T/link/m"
expect_status 0 pool start p
xfs_io -x -c shutdown "$T/m"
stops

# a FUSE server that was killed
expect_status 0 pool define-as p --type fs --source-dev "$T/server" --target "$T/link/m"
bindfs "$T/server" "$T/m"
kill -KILL "$(pgrep --full "bindfs .*$T/m")"
until ! stat "$T/m" >"$T/out" 2>&1; do
	read -rt 0.05 <> <(:) || true
done
stops

# an NFS server that knows the directory no more: it can't even be opened
mkfs.ext4 -q -F "$T/disk.img"
ln -s m "$T/end"
for path in "$T/end" "$T/m"; do
	expect_status 0 pool define-as p --type fs --source-dev "$T/disk.img" --target "$path"
	expect_status 0 pool start p
	ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/trace" -P m -P "$path" --trace=openat \
		--inject=openat:error=ESTALE "$COWCTL" pool stop p --session >"$T/out" || fail "not stopped"
	grep -q ESTALE "$T/trace" || fail "it could be opened"
	! mountpoint -q "$T/m" || fail "stopped, and still mounted"
	expect_status 0 pool undefine p
done

# but not what somebody else has mounted there
expect_status 0 pool define-as p --type fs --source-dev "$T/disk.img" --target "$T/m"
expect_status 0 pool start p
umount "$T/m"
mount -t tmpfs tmpfs "$T/m"
ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/trace" -P m -P "$T/m" --trace=openat --inject=openat:error=ESTALE \
	"$COWCTL" pool stop p --session >"$T/out" 2>"$T/err" && fail "stopped, and it was another's"
grep -q ESTALE "$T/trace" || fail "it could be opened"
expect_err "is not mounted on '$T/m'"
mountpoint -q "$T/m" || fail "something else is unmounted"
umount "$T/m"
expect_status 0 pool stop p

# nor is it left behind when that comes of starting it
traced() {
	ASAN_OPTIONS=detect_leaks=0 strace --quiet=all -o "$T/trace" -P m -P "$T/m" --trace=openat "$@" \
		"$COWCTL" pool start p --session >"$T/out" 2>"$T/err"
}
traced || fail "not started"
expect_status 0 pool stop p
again=$(grep -n ', "m", ' "$T/trace" | sed -n '2s/:.*//p') # the first time that is before it is mounted
! traced --inject=openat:error=ESTALE:when="$again"+ || fail "started, and can't be opened"
expect_err "open directory '$T/m': Stale file handle"
! mountpoint -q "$T/m" || fail "left mounted"
