#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A block device as argument: its layers from itself downwards, and it is not opened for its content.
. "$(dirname "$0")/../lib.sh"
need_root
export LSAN_OPTIONS=$LSAN_OPTIONS:detect_leaks=0 # can't be had under strace
require strace
make_fs btrfs b
device=$(loop_of "$T/b.img")

expect_status 0 cowctl probe --json "$device"
expect_json '.paths[0].layers | .[0].type == "loop" and .[0].name == $d and length >= 2' --arg d "$device"
expect_json '.paths[0].overwrite == "in-place" or .paths[0].overwrite == "copied"'

strace -f -o "$T/trace" -e trace=read,pread64,write,pwrite64 -P "$device" "$COWCTL" probe "$device" >"$T/out"
! grep -E '(read|write)' "$T/trace" || fail "the device was read or written"

# Unprivileged: the file underneath is believed by its name.
expect_status 0 as_nobody cowctl probe --json "$device"
expect_json '.paths[0].layers[0].detail | .verified == null and .backing_file == $f' --arg f "$T/b.img"
