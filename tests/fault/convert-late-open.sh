#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An open() that a permission hook holds up (a virus scanner behind fanotify) counts as a user before
# it reaches the lease: it is noticed all the same, and its write is in the image afterwards.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace

make_fs btrfs fs
mkdir "$T/fs/dir"
image=$T/fs/dir/disk.raw
make_image "$image" 1M
inode=$(stat -c %i "$image")

# Opens of the image take a second, beginning with the first one after the lease.
trace_inject renameat2:delay_enter=400000:when=1 cowctl convert "$image" &
converter=$!
until_exchange "$image" "$inode" "$converter"
"$COW_BUILD/tests/slow-open" "$image" 1000 \
	sh -c 'printf "guest data" | dd of="$1" bs=1 seek=4096 conv=notrunc status=none' sh "$image"

status=0
wait "$converter" || status=$?
expect_equal "$(dd if="$image" bs=1 skip=4096 count=10 status=none)" "guest data" "what was written"
expect_equal "$status" 2 "status of the converter"
expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what is left"
