#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each call of create that changes anything fails once, and is once the last one before a kill: the
# directory then holds a complete, flagged image, or nothing at all.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace qemu-img

make_fs btrfs fs
folder=$T/fs/dir
image=$folder/image
create=(cowctl create --cow off --mode 0640)

fresh() {
	rm -rf "$folder"
	mkdir "$folder"
}

# all_or_nothing WHEN: and says in `there` which of them
all_or_nothing() {
	there=no
	if [ -e "$image" ]; then
		there=yes
		is_nocow "$image" || fail "a CoW image is there $1"
		expect_equal "$(stat -c %a "$image")" 640 "mode $1"
		qemu-img info --output=json "$image" >"$T/info"
		expect_equal "$(json "$T/info" '."virtual-size"')" 2097152 "size $1"
	fi
	expect_equal "$(find "$folder" -mindepth 1 ! -path "$image")" '' "what is left $1"
}

# A call that may fail without harm is a question: what the answer would have told is not known then.
check_failure() {
	local call=$1 error=$2 i=$3 status=0 when
	when="after $error from $call $i"
	fresh
	trace_inject "$call:error=$error:when=$i" "${create[@]}" "$image" 2M || status=$?
	all_or_nothing "$when"
	case $status in
	0) expect_equal $there yes "an image $when" ;;
	1 | 2)
		expect_equal $there no "an image $when"
		[ -s "$T/err" ] || fail "not a word $when"
		failures=$((failures + 1))
		;;
	*) fail "status $status $when: $(cat "$T/err")" ;;
	esac
}

check_kill() {
	fresh
	trace_inject "$1:signal=KILL:when=$2" "${create[@]}" "$image" 2M && fail "$1 $2: not killed"
	all_or_nothing "after a kill at $1 $2"
	kills[$there]=$((${kills[$there]:-0} + 1))
}

declare -A kills
for format in raw qcow2; do
	create=("${create[@]:0:6}" --format "$format" --preallocation full)
	fresh
	trace_calls "$T/calls" "${create[@]}" "$image" 2M
	failures=0 kills=()
	while read -r call count; do
		[ "$call" != openat ] || continue # mostly the C library's own
		for i in $(few "$count"); do
			check_failure "$call" EIO "$i"
			case $call in
			pwrite64 | fallocate | linkat) check_failure "$call" ENOSPC "$i" ;;
			esac
			check_kill "$call" "$i"
		done
	done <"$T/calls"
	[ "$failures" -ge 5 ] || fail "only $failures failures seen"
	[ "${kills[no]:-0}" -ge 5 ] || fail "only ${kills[no]:-0} kills before there was an image"
	[ "${kills[yes]:-0}" -ge 1 ] || fail 'no kill after there was an image'
	echo "$format: $failures failures, ${kills[no]} kills before and ${kills[yes]} after"
done
