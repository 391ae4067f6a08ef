#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# FIFOs, sockets and device nodes are looked at without being opened: nothing hangs, no driver wakes.
. "$(dirname "$0")/../lib.sh"
export LSAN_OPTIONS=$LSAN_OPTIONS:detect_leaks=0 # can't be had under strace
require strace python3
mkfifo "$T/fifo"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/socket"

for special in "$T/fifo" "$T/socket" /dev/null /dev/tty; do
	expect_status 2 timeout 10 strace -o "$T/trace" -e trace=open,openat \
		"$COWCTL" probe --json "$special"
	expect_json '.paths[0] | .overwrite == "unknown" and .evidence == "none"'
	expect_json '.paths[0].reason | contains("holds no data")'
	! grep -F "\"$special\"" "$T/trace" | grep -v O_PATH || fail "$special was opened"
done
