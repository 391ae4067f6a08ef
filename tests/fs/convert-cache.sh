#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What of an image was in the page cache is there after its conversion, and nothing else is.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 64M

# cached FILE: bytes of it that are in the cache
cached() {
	fincore --bytes --noheadings --output RES "$1" | tr -d ' '
}
forget() {
	sync "$1"
	dd if="$1" iflag=nocache count=0 status=none
	expect_equal "$(cached "$1")" 0 "nothing cached"
}

for verify in "" --no-verify; do
	forget "$image"
	expect_converted off "$image" $verify
	forget "$image"
	expect_status 0 cowctl convert --cow on $verify "$image"
	expect_equal "$(cached "$image")" 0 "cached of a cold image"

	dd if="$image" of=/dev/null bs=4M skip=5 count=2 status=none
	before=$(cached "$image")
	expect_status 0 cowctl convert --cow off $verify "$image"
	after=$(cached "$image")
	[ "$after" -ge $((8 << 20)) ] || fail "only $after bytes are cached, before $before"
	[ "$after" -le $((24 << 20)) ] || fail "$after bytes are cached, before $before"
	expect_status 0 cowctl convert --cow on $verify "$image"
done

# By single pages: what lies between them is not read for it.
for to in off on off; do
	forget "$image"
	for ((page = 7; page < 16384; page += 331)); do
		dd if="$image" of=/dev/null bs=4k skip="$page" count=1 status=none
	done
	before=$(cached "$image")
	expect_status 0 cowctl convert --cow "$to" "$image"
	after=$(cached "$image")
	[ "$after" -ge "$before" ] || fail "cow $to: $after bytes are cached, before $before"
	[ "$after" -le $((before + (2 << 20))) ] || fail "cow $to: $after bytes are cached, before $before"
done
