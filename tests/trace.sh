# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# System calls counted and bent by strace, for the tests in fault/: not by timing.

# Calls that can change something that outlives the process: names, data, attributes, and the
# order in which they reach the disk. Not openat: what it makes here is unnamed, and goes with the
# process.
CHANGING=ioctl,ftruncate,fallocate,pwrite64,sync_file_range,fsync,fdatasync,fchown,fchmod
CHANGING+=,fsetxattr,fremovexattr,utimensat,linkat,renameat,renameat2,unlinkat,mkdirat

# Leak detection needs ptrace for itself.
traced() {
	ASAN_OPTIONS=detect_leaks=0 strace --quiet=all "$@"
}

# The program behind the function "cowctl": strace runs programs.
_program() {
	if [ "$1" = cowctl ]; then
		shift
		set -- "$COWCTL" "$@"
	fi
	program=("$@")
}

# trace_calls FILE COMMAND...: run it, and write "CALL COUNT" for each changing call it made.
trace_calls() {
	local file=$1 program
	shift
	_program "$@"
	traced -o "$file.log" --trace="$CHANGING" -- "${program[@]}" >"$T/out" 2>"$T/err" </dev/null ||
		fail "not even undisturbed: $(cat "$T/err")"
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$file.log" | sort | uniq -c | awk '{print $2, $1}' >"$file"
	[ "$(wc -l <"$file")" -ge 5 ] || fail "hardly any calls seen: $(cat "$file")"
}

# trace_inject EXPRESSION COMMAND...: run it with a fault injected; see strace(1), --inject.
# The status is the program's.
trace_inject() {
	local expression=$1 program
	shift
	_program "$@"
	# In a shell of its own, which keeps bash from reporting a kill.
	(traced -o /dev/null --trace="${expression%%:*}" --inject="$expression" -- "${program[@]}" \
		>"$T/out" 2>"$T/err" </dev/null) 2>/dev/null
}

# few COUNT: which of so many calls of a kind to try: of many alike the first and last five and each twentieth
# between, for a probe alone writes some seventy times; COW_FAULTS=all: every one.
few() {
	local i
	for ((i = 1; i <= $1; i++)); do
		if [ "${COW_FAULTS:-}" = all ] || [ "$i" -le 5 ] || [ "$i" -gt $(($1 - 5)) ] ||
			[ $((i % 20)) -eq 0 ]; then
			echo "$i"
		fi
	done
}

# until_exchange IMAGE INODE PID: wait until the converter PID is about to exchange the image and its
# copy: the copy has its temporary name, and the image is under a write lease (which it also is for an
# instant at the beginning).
until_exchange() {
	local directory=${1%/*}
	until [ -n "$(find "$directory" -name '.cowctl-*')" ] &&
		grep -q "LEASE .*ACTIVE .*WRITE .*:$2 " /proc/locks; do
		kill -0 "$3" 2>/dev/null || fail "the converter is gone: $(cat "$T/err")"
	done
}

# changed_meanwhile "OPTION..." COMMAND...: the command is run in the last instant before a conversion of $image,
# whose inode is $inode, renames anything; it gives up.
changed_meanwhile() {
	local options converter status=0
	read -ra options <<<"$1"
	shift
	trace_inject renameat2:delay_enter=700000:when=1 cowctl convert "${options[@]}" "$image" &
	converter=$!
	until_exchange "$image" "$inode" "$converter"
	"$@"
	wait "$converter" || status=$?
	expect_equal "$status" 2 "status after $1"
	expect_err "changed meanwhile"
}
