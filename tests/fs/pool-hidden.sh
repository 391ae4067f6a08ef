#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# No pool is called stopped while what it has mounted is still there, and only can't be reached: something was mounted
# above it, or a directory on its way was moved.
. "$(dirname "$0")/../lib.sh"
need_root
require mkfs.ext4 jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
pool() {
	cowctl pool "$@" --session
}
# refused: it can't be stopped, and is still started
refused() {
	expect_status 2 pool stop p --json
	expect_json '.error | .code == "busy" and (.message | contains("what is mounted on")) and .remedy'
	expect_equal "$(findmnt -n -o SOURCE "$1" | tail -n 1)" "$device" "what is mounted on $1"
	[ -e "$T/runtime/cowctl/pools/p.started" ] || fail "it counts as stopped"
}
truncate -s 32M "$T/disk.img"
mkfs.ext4 -q "$T/disk.img"
device=$(losetup --find --show "$T/disk.img")
at_end 'losetup --detach "$device"'
expect_status 0 pool define-as p --type fs --source-dev "$device" --target "$T/a/b/m"
expect_status 0 pool build p
expect_status 0 pool start p

# above it, without its directory and with one of that name
mount -t tmpfs tmpfs "$T/a"
expect_status 2 pool stop p
expect_err "can't be reached by '$T/a/b/m'"
mkdir -p "$T/a/b/m"
expect_status 2 pool stop p
umount "$T/a"
expect_status 0 pool stop p
! mountpoint -q "$T/a/b/m" || fail "still mounted"

# moved, with a symlink of somebody else's in its place or with nothing
expect_status 0 pool start p
mv "$T/a" "$T/moved"
refused "$T/moved/b/m"
mkdir -m 0777 "$T/a"
as_nobody ln -s ../elsewhere "$T/a/b"
mkdir -p "$T/elsewhere/m"
refused "$T/moved/b/m"
rm -r "$T/a"
mv "$T/moved" "$T/a"
expect_status 0 pool stop p
! mountpoint -q "$T/a/b/m" || fail "still mounted"
# whatever the kernel calls its source
ln -s "$device" "$T/by-id"
cp "$T/disk.img" "$T/file.img"
for source in by-id file.img; do
	expect_status 0 pool define-as q --type fs --source-dev "$T/$source" --target "$T/a/b/n"
	# libmount loses a path when somebody else is faster to take a loop device
	ASAN_OPTIONS=detect_leaks=0 expect_status 0 pool start q --build
	mv "$T/a" "$T/moved"
	expect_status 2 pool stop q
	expect_err "what is mounted on '$T/moved/b/n'"
	mountpoint -q "$T/moved/b/n" || fail "unmounted"
	mv "$T/moved" "$T/a"
	expect_status 0 pool stop q
	expect_status 0 pool undefine q
done

# what is mounted elsewhere, by whomever, keeps no pool from being stopped whose directory is there
expect_status 0 pool start p
umount "$T/a/b/m"
mkdir "$T/other"
mount "$device" "$T/other"
expect_status 0 pool stop p
umount "$T/other"
