#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a pool has mounted stays mounted when its source can no longer be looked at: a disk was pulled out and its name
# is gone, a file was moved or replaced, /proc or /sys is not there. Nobody is told that it is stopped then.
. "$(dirname "$0")/../lib.sh"
need_root
[ -n "${COW_PLAIN_BUILD:-}" ] || skip "sanitizers need /proc"
without_sanitizers
require jq mkfs.ext4
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}
truncate -s 32M "$T/disk.img"
mkfs.ext4 -q "$T/disk.img"
# started SOURCE: a pool of that
started() {
	expect_status 0 pool define-as p --type fs --source-dev "$1" --target "$T/m"
	expect_status 0 pool build p
	expect_status 0 pool start p
	mountpoint -q "$T/m" || fail "not mounted"
}
# stops: it is, and unmounted
stops() {
	expect_status 0 pool info p --json
	expect_json '.pools[0] | .state == "active" and .compliance == "unknown"'
	expect_status 0 pool stop p
	! mountpoint -q "$T/m" || fail "stopped, and still mounted"
	expect_status 0 pool undefine p
}

# the name of a device
device=$(losetup --find --show "$T/disk.img")
at_end 'losetup --detach "$device" 2>/dev/null || :'
ln -s "$device" "$T/by-id"
started "$T/by-id"
rm "$T/by-id"
stops
# what is no device is another's in any case
ln -s "$device" "$T/by-id"
started "$T/by-id"
umount "$T/m"
mount -t tmpfs tmpfs "$T/m"
rm "$T/by-id"
expect_status 0 pool stop p
mountpoint -q "$T/m" || fail "something else is unmounted"
umount "$T/m"
expect_status 0 pool undefine p
losetup --detach "$device"

# a file that was moved, replaced, removed
started "$T/disk.img"
mv "$T/disk.img" "$T/moved.img"
stops
mv "$T/moved.img" "$T/disk.img"
started "$T/disk.img"
cp "$T/disk.img" "$T/new.img"
mv "$T/new.img" "$T/disk.img"
stops

# without /sys nothing is known of loop devices, and without /proc of mounts
started "$T/disk.img"
mount -t tmpfs tmpfs /sys
stops
umount /sys
started "$T/disk.img"
export LD_LIBRARY_PATH=$COW_BUILD/lib # it finds its library by /proc
mount -t tmpfs tmpfs /proc
status=0
"$COWCTL" pool stop p --session >"$T/out" 2>"$T/err" || status=$?
umount /proc
if [ $status -eq 0 ]; then
	! mountpoint -q "$T/m" || fail "stopped, and still mounted"
else
	expect_status 0 pool stop p
fi
