#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each call of convert that writes, allocates, names or reads fails once, with no space and with an
# I/O error: the image stays complete, the failure is said, and the next run puts all in order.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace setfattr

make_fs btrfs fs
template=$T/fs/template
make_image "$template" 1M
setfattr -n user.mark -v kept "$template"
sum=$(sum_of "$template")
image=$T/fs/dir/disk.raw

fresh_image() {
	rm -rf "$T/fs/dir"
	mkdir "$T/fs/dir"
	cp --preserve=all --reflink=always "$template" "$image"
}

# Failing must cost nothing, and be said. Only the very last call may fail without undoing all.
check_failure() {
	local call=$1 error=$2 i=$3 status=0
	fresh_image
	trace_inject "$call:error=$error:when=$i" cowctl convert "$image" || status=$?
	expect_equal "$(sum_of "$image")" "$sum" "content after $error from $call $i"
	if [ "$status" -eq 0 ]; then
		is_nocow "$image" || fail "$error from $call $i: converted, it says, but is not"
		[ -s "$T/err" ] || unsaid="$unsaid $call"
	else
		[ -s "$T/err" ] || fail "$error from $call $i: status $status without a word"
		[ "$status" -le 2 ] || fail "$error from $call $i: status $status: $(cat "$T/err")"
		expect_equal "$(wc -l <"$T/err")" 1 "lines of error after $error from $call $i"
		refused=$((refused + 1))
	fi
	expect_status 0 cowctl convert "$image"
	is_nocow "$image" || fail "the run after $error from $call $i did not convert"
	expect_equal "$(sum_of "$image")" "$sum" "content after another run"
	expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what is left after $error from $call $i"
}

fresh_image
trace_calls "$T/calls" cowctl convert "$image"
unsaid='' refused=0
while read -r call count; do
	[ "$call" != ioctl ] || continue # questions, but for the flag, which is read back
	for ((i = 1; i <= count; i++)); do
		check_failure "$call" EIO "$i"
		case $call in
		pwrite64 | fallocate | ftruncate | fsetxattr | linkat | renameat2)
			check_failure "$call" ENOSPC "$i"
			check_failure "$call" EDQUOT "$i"
			;;
		esac
	done
done <"$T/calls"
[ "$refused" -ge 20 ] || fail "only $refused failures seen"
expect_equal "$unsaid" "" "calls whose failure went unsaid"

# Damage in the image itself: named as such, and no copy takes its place.
for ((i = 1; i <= 2; i++)); do
	fresh_image
	trace_inject "pread64:error=EIO:when=$i" cowctl convert "$image" && fail "EIO while reading passed"
	expect_text "$T/err" "Input/output error"
	is_nocow "$image" && fail "converted in spite of a read error"
	expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what a read error leaves"
done
echo "$refused failures"
