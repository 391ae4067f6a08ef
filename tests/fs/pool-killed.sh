#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build killed at every call that changes something: the directory is not there, or it is right.
# Building again finishes, and nothing is left behind.
. "$(dirname "$0")/../lib.sh"
need_root
without_sanitizers
require strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
export ASAN_OPTIONS=detect_leaks=0 # which can't work while being traced
make_fs btrfs fs
directory=$T/fs/a/vms

# killed CALL N: kill a build at its Nth such call. @return 1 when it made fewer.
killed() {
	local status=0
	{ # the shell would tell of each kill
		strace -f -o "$T/trace" -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
			"$COWCTL" pool build vms --session "${options[@]}" >"$T/out" || status=$?
	} 2>"$T/err"
	[ $status -eq 137 ] || [ $status -eq 0 ] || fail "status $status at $1 $2"
	[ $status -eq 137 ]
}

expect_status 0 cowctl pool define-as vms --session --target "$directory" --cow off
kills=0
for options in '' --subvolume; do
	options=(${options:+"$options"})
	for call in mkdirat ioctl fchmod fsync renameat2; do
		for ((n = 1; ; n++)); do
			alive=
			killed $call $n || alive=1
			[ ! -e "$directory" ] || is_nocow "$directory" || fail "CoW after $call $n"
			[ -n "$alive" ] || kills=$((kills + 1))
			[ -d "$directory" ] || expect_status 0 cowctl pool build vms --session "${options[@]}"
			is_nocow "$directory" || fail "CoW in the end, after $call $n"
			expect_equal "$(ls -A "$T/fs/a")" vms "what is there after $call $n"
			rmdir "$directory" "$T/fs/a"
			[ -z "$alive" ] || break
		done
	done
done
[ $kills -ge 20 ] || fail "only $kills kills: the calls are others by now"
