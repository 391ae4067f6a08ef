#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build and pool define with every call that changes something failing: it is done and right, or
# it failed and nothing is left behind.
. "$(dirname "$0")/../lib.sh"
need_root
without_sanitizers
require strace
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
export ASAN_OPTIONS=detect_leaks=0 # which can't work while being traced
make_fs btrfs fs
directory=$T/fs/a/vms pools=$T/config/cowctl/pools

# failing CALL N ERROR ARGUMENT...: run with the Nth such call failing; its status is in $status.
# @return 1 when there were fewer such calls.
failing() {
	status=0
	strace -f -o "$T/trace" -e trace="$1" -e inject="$1:error=$3:when=$2" \
		"$COWCTL" "${@:4}" >"$T/out" 2>"$T/err" || status=$?
	grep -q INJECTED "$T/trace"
}

expect_status 0 cowctl pool define-as vms --session --target "$directory" --cow off
failures=0
for options in '' --subvolume; do
	options=(${options:+"$options"})
	for call in mkdirat ioctl fchmod fsync renameat2; do
		for ((n = 1; ; n++)); do
			failing $call $n EIO pool build vms --session "${options[@]}" || break
			if [ "$status" -eq 0 ]; then
				is_nocow "$directory" || fail "built, but CoW, with $call $n failing"
				rmdir "$directory" "$T/fs/a"
			else
				failures=$((failures + 1))
				expect_equal "$(ls -A "$T/fs")" "" "what is left by $call $n failing"
				expect_equal "$(wc -l <"$T/err")" 1 "lines of error"
			fi
		done
		rmdir "$directory" "$T/fs/a"
	done
done
[ $failures -ge 10 ] || fail "only $failures failures: the calls are others by now"

# the flag of a directory that was there goes back when the rest can't be had
mkdir -p "$directory"
sed -i 's,</path>,&<permissions><mode>0700</mode></permissions>,' "$pools/vms.xml"
failing fchmod 1 EPERM pool build vms --session || fail "the mode was not set"
expect_equal "$status" 2
! is_nocow "$directory" || fail "half of a build was kept"

# define: the old definition or the new one, nothing else
expect_status 0 cowctl pool dumpxml vms --session
sed 's,0700,0750,' "$T/out" >"$T/new.xml"
for call in pwrite64 fchmod fsync linkat renameat; do
	before=$(sum_of "$pools/vms.xml")
	for ((n = 1; ; n++)); do
		failing $call $n ENOSPC pool define "$T/new.xml" --session || break
		expect_equal "$(ls -A -I .lock "$pools")" vms.xml "the store with $call $n failing"
		[ "$status" -ne 0 ] || fail "$call $n failed unnoticed"
		# only the directory's own fsync comes when it is done
		[ "$call $n" = "fsync 2" ] ||
			expect_equal "$(sum_of "$pools/vms.xml")" "$before" "the definition"
	done
	expect_equal "$status" 0
	sed -i 's,0750,0700,' "$pools/vms.xml"
done

# start: whoever is told that it failed has none that counts as started
for ((n = 1; ; n++)); do
	failing fsync $n EIO pool start vms --session || break
	if [ "$status" -eq 2 ]; then
		[ ! -e "$T/runtime/cowctl/pools/vms.started" ] || fail "started, with fsync $n failing"
	else
		expect_status 0 cowctl pool stop vms --session
	fi
done
[ "$n" -gt 1 ] || fail "nothing is written to disk: the calls are others by now"
