#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# convert is killed at each system call that could change anything. Whatever it had begun:
#  - the path names a complete image, the old or the new one;
#  - beside it there is at most one left-over, of a name that is known;
#  - the next run finishes, and leaves nothing but the converted image, metadata and all.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace setfattr

make_fs btrfs fs
template=$T/fs/template
make_image "$template" 1M
truncate -s 1500000 "$template"
fallocate --keep-size --offset 1600000 --length 65536 "$template"
setfattr -n user.mark -v kept "$template"
chmod 0640 "$template"
chown 12:34 "$template"
touch -d '2021-02-03 04:05:06.789' "$template"
sum=$(sum_of "$template")
metadata() {
	stat -c '%a %u %g %s %y' "$1"
	getfattr --absolute-names -n user.mark --only-values -- "$1"
}
wanted=$(metadata "$template")

image=$T/fs/dir/disk.raw
mkdir "$T/fs/dir"
fresh_image() {
	rm -rf "$T/fs/dir"
	mkdir "$T/fs/dir"
	cp --preserve=all --reflink=always "$template" "$image"
}

check_complete() {
	[ "$(sum_of "$image")" = "$sum" ] || fail "image is torn after a kill at $1"
	[ "$(metadata "$image")" = "$wanted" ] || fail "metadata is not whole after a kill at $1"
	leftovers=$(find "$T/fs/dir" -mindepth 1 ! -path "$image" ! -name '.cowctl-*' | wc -l)
	expect_equal "$leftovers" 0 "stray names after a kill at $1"
	[ "$(find "$T/fs/dir" -name '.cowctl-*' | wc -l)" -le 1 ] || fail "more than one left-over at $1"
}

fresh_image
trace_calls "$T/calls" cowctl convert "$image"
before=0 after=0
while read -r call count; do
	for ((i = 1; i <= count; i++)); do
		fresh_image
		trace_inject "$call:signal=KILL:when=$i" cowctl convert "$image" && fail "$call $i: not killed"
		check_complete "$call $i"
		if is_nocow "$image"; then after=$((after + 1)); else before=$((before + 1)); fi
		expect_status 0 cowctl convert "$image"
		is_nocow "$image" || fail "the run after $call $i did not convert"
		check_complete "$call $i, and another run"
		expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what is left after $call $i and another run"
	done
done <"$T/calls"

# The kills were where they should be: on both sides of the exchange.
[ "$before" -ge 20 ] || fail "only $before kills before the exchange"
[ "$after" -ge 2 ] || fail "only $after kills after the exchange"
echo "$before kills before the exchange, $after after it"
