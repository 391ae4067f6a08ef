#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What of an image was in the page cache is there after it was unshared, and nothing else is.
. "$(dirname "$0")/../lib.sh"
need_root

# cached: bytes of the image that are in the cache
cached() {
	fincore --bytes --noheadings --output RES v.raw | tr -d ' '
}
# forget: have none of it there
forget() {
	sync v.raw
	dd if=v.raw iflag=nocache count=0 status=none
	expect_equal "$(cached)" 0 "nothing cached"
}
# share: with a clone, all of it
share() {
	rm -f clone.raw
	cp --reflink=always v.raw clone.raw
}

for kind in btrfs xfs; do
	make_fs "$kind" $kind
	mkdir "$T/$kind/d"
	[ "$kind" = xfs ] || chattr +C "$T/$kind/d"
	cd "$T/$kind/d"
	make_image v.raw 64M

	share
	forget
	expect_status 0 cowctl unshare --json v.raw
	expect_json '.images[0].result == "unshared"'
	expect_equal "$(cached)" 0 "cached of a cold image on $kind"

	share
	forget
	dd if=v.raw of=/dev/null bs=4M skip=5 count=2 status=none
	before=$(cached)
	expect_status 0 cowctl unshare --json v.raw
	expect_json '.images[0].result == "unshared"'
	after=$(cached)
	[ "$after" -ge $((8 << 20)) ] || fail "only $after bytes are cached on $kind, before $before"
	[ "$after" -le $((24 << 20)) ] || fail "$after bytes are cached on $kind, before $before"
done
