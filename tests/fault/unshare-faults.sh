#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each call of unshare that changes anything fails once, and is once the last one before a kill: the image
# is the same in any case, and the next run does what is left.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-unshare.sh"
need_root
without_sanitizers
require strace
make_fs btrfs btrfs
make_fs xfs xfs
mkdir "$T/xfs/dir"
btrfs -q subvolume create "$T/btrfs/dir"
chattr +C "$T/btrfs/dir"

fresh() {
	rm -f "$image" "$image.clone"
	make_image "$image" 256K
	truncate -s 600001 "$image"
	fallocate --keep-size --offset 400000 --length 200001 "$image"
	touch -d '2021-02-03 04:05:06.789' "$image"
	sync "$image"
	cp --reflink=always "$image" "$image.clone"
}

# whole WHEN: and the next run ends it
whole() {
	expect_equal "$(sum_of "$image")" "$sum" "content $1"
	expect_equal "$(stat -c %s "$image")" 600001 "size $1"
	expect_equal "$(ls -A "$folder")" "$names" "names $1"
	expect_status 0 cowctl unshare "$image"
	expect_equal "$(sum_of "$image")" "$sum" "content $1, and after another run"
	"$COW_BUILD/tests/image" sync "$image" >"$T/extents"
	expect_text "$T/extents" shared=0
	cmp "$image" "$image.clone"
}

check_failure() {
	local call=$1 error=$2 i=$3 status=0
	fresh
	trace_inject "$call:error=$error:when=$i" cowctl unshare "$image" || status=$?
	[ "$status" -le 2 ] || fail "status $status after $error from $call $i: $(cat "$T/err")"
	if [ "$status" -gt 0 ]; then
		[ -s "$T/err" ] || fail "not a word after $error from $call $i"
		failures=$((failures + 1))
	fi
	whole "after $error from $call $i"
}

for kind in btrfs xfs; do
	folder=$T/$kind/dir image=$T/$kind/dir/image
	fresh
	sum=$(sum_of "$image") names=$(ls -A "$folder")
	trace_calls "$T/calls" cowctl unshare "$image"
	failures=0 kills=0
	while read -r call count; do
		[ "$call" != ioctl ] || continue # questions
		for i in $(few "$count"); do
			check_failure "$call" EIO "$i"
			case $call in
			pwrite64 | fallocate) check_failure "$call" ENOSPC "$i" ;;&
			pwrite64) check_failure "$call" EDQUOT "$i" ;;
			esac
			fresh
			trace_inject "$call:signal=KILL:when=$i" cowctl unshare "$image" &&
				fail "$call $i: not killed"
			kills=$((kills + 1))
			whole "after a kill at $call $i"
		done
	done <"$T/calls"
	[ "$failures" -ge 5 ] || fail "only $failures failures seen on $kind"
	echo "$kind: $failures failures, $kills kills"
done
