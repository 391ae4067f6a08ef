#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Standard output is whole or absent, and when it can't be written that is an error.
. "$(dirname "$0")/../lib.sh"

status=0
cowctl help >/dev/full 2>"$T/err" || status=$?
expect_equal "$status" 2 "status on a full disk"
expect_err "cowctl: write to standard output: No space left on device"

status=0
cowctl help >&- 2>"$T/err" || status=$?
expect_equal "$status" 2 "status with standard output closed"
expect_err "cowctl: write to standard output: Bad file descriptor"

# A reader who left is an error like any other, not a signal.
mkfifo "$T/pipe"
(: <"$T/pipe") &
exec 7>"$T/pipe"
wait
status=0
cowctl help >&7 2>"$T/err" || status=$?
expect_equal "$status" 2 "status with nobody reading"
expect_err "cowctl: write to standard output: Broken pipe"
exec 7>&-

# Other closed descriptors don't end up as somebody's file.
cowctl help <&- 2>&- >"$T/out"
expect_out "Usage: cowctl"

# One write: who reads a pipe never sees half.
require strace
ASAN_OPTIONS=detect_leaks=0 strace -qq -e trace=write -o "$T/trace" "$COWCTL" help >"$T/out"
expect_equal "$(grep -c '^write(1,' "$T/trace")" 1 "number of writes"
