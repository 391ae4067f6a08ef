#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each call of clone that changes anything fails once, and is once the last one before a kill: the
# directory then holds a complete clone, flagged and under the right mode, or nothing at all; and the
# source is as it was.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace qemu-img

make_fs btrfs fs
folder=$T/fs/dir
clone=$folder/clone
mkdir "$T/fs/from"
make_image "$T/fs/from/base.raw" 1M
qemu-img create -q -f qcow2 -F raw -b base.raw "$T/fs/from/source"
chmod 0640 "$T/fs/from/source"
source=$T/fs/from/source
sum=$(sum_of "$source")

fresh() {
	rm -rf "$folder"
	mkdir "$folder"
}

# all_or_nothing WHEN: and says in `there` which of them
all_or_nothing() {
	there=no
	if [ -e "$clone" ]; then
		there=yes
		expect_equal "$(is_nocow "$clone" && echo yes || echo no)" "$nocow" "NOCOW $1"
		expect_equal "$(stat -c %a "$clone")" 640 "mode $1"
		expect_equal "$(sum_of "$clone")" "$wanted" "content $1"
	fi
	expect_equal "$(find "$folder" -mindepth 1 ! -path "$clone")" '' "what is left $1"
	expect_equal "$(sum_of "$source")" "$sum" "the source $1"
}

check_failure() {
	local call=$1 error=$2 i=$3 status=0 when
	when="after $error from $call $i"
	fresh
	trace_inject "$call:error=$error:when=$i" "${command[@]}" || status=$?
	all_or_nothing "$when"
	case $status in
	0) expect_equal $there yes "a clone $when" ;;
	1 | 2)
		expect_equal $there no "a clone $when"
		[ -s "$T/err" ] || fail "not a word $when"
		failures=$((failures + 1))
		;;
	*) fail "status $status $when: $(cat "$T/err")" ;;
	esac
}

check_kill() {
	fresh
	trace_inject "$1:signal=KILL:when=$2" "${command[@]}" && fail "$1 $2: not killed"
	all_or_nothing "after a kill at $1 $2"
	kills[$there]=$((${kills[$there]:-0} + 1))
}

declare -A kills
for method in shared copied; do
	case $method in
	shared) nocow=no command=(cowctl clone --match "$source" "$clone") ;;
	copied) nocow=yes command=(cowctl clone --cow off --format raw "$source" "$clone") ;;
	esac
	fresh
	trace_calls "$T/calls" "${command[@]}"
	wanted=$(sum_of "$clone")
	failures=0 kills=()
	while read -r call count; do
		[ "$method $call" != 'copied ioctl' ] || continue # the flag is as with create
		for i in $(few "$count"); do
			check_failure "$call" EIO "$i"
			case $call in
			pwrite64 | fallocate | ftruncate | linkat) check_failure "$call" EDQUOT "$i" ;;
			esac
			check_kill "$call" "$i"
		done
	done <"$T/calls"
	[ "$failures" -ge 5 ] || fail "only $failures failures seen"
	[ "${kills[no]:-0}" -ge 5 ] || fail "only ${kills[no]:-0} kills before there was a clone"
	[ "${kills[yes]:-0}" -ge 1 ] || fail 'no kill after there was a clone'
	echo "$method: $failures failures, ${kills[no]} kills before and ${kills[yes]} after"
done
