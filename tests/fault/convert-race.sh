#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody opens the image in the very moment of the exchange: with the old inode in hand, waiting
# for the lease, they would go on with a file nobody can find any more. The names are exchanged back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace

make_fs btrfs fs
mkdir "$T/fs/dir"
image=$T/fs/dir/disk.raw
make_image "$image" 1M
inode=$(stat -c %i "$image")

# Hold the converter right before and right after the exchange; the image is under a write lease
# from before until after.
trace_inject renameat2:delay_enter=1500000:delay_exit=1500000:when=1 \
	cowctl convert "$image" &
converter=$!
until_exchange "$image" "$inode" "$converter"

# This open() finds the old inode and waits.
printf 'guest data' | dd of="$image" bs=1 seek=4096 conv=notrunc status=none

status=0
wait "$converter" || status=$?
expect_equal "$status" 2 "status of the converter"
expect_err "just now"
expect_equal "$(stat -c %i "$image")" "$inode" "the image's inode"
expect_equal "$(dd if="$image" bs=1 skip=4096 count=10 status=none)" "guest data" "what was written"
is_nocow "$image" && fail "it says CoW is off"
expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what is left"

# The control: without an opener the same conversion, held just so, goes through.
trace_inject renameat2:delay_enter=100000:when=1 cowctl convert "$image" || fail "$(cat "$T/err")"
is_nocow "$image" || fail "not converted"
