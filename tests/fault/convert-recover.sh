#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a run does with what a killed one left, when the world went on meanwhile.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
need_root
require strace

make_fs btrfs fs
image=$T/fs/dir/disk.raw

# Kill at a call: linkat has happened before the exchange (renameat2), the exchange before unlinkat.
killed_at() {
	rm -rf "$T/fs/dir"
	mkdir "$T/fs/dir"
	make_image "$image" 1M
	trace_inject "$1:signal=KILL:when=1" cowctl convert "$image" && fail "not killed"
	left=$(find "$T/fs/dir" -name '.cowctl-*')
	[ -f "$left" ] || fail "nothing left by a kill at $1"
}
scribble() {
	printf 'guest data' | dd of="$1" bs=1 seek=4096 conv=notrunc status=none
}
alone() {
	expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what is there"
}

# An open() that waited for the lease goes on with the old file when the converter is killed after
# the exchange. What it writes there is not lost: the old file comes back, and is then converted.
killed_at unlinkat
is_nocow "$image" || fail "killed before the exchange"
scribble "$left"
sum=$(sum_of "$left")
expect_status 0 cowctl convert "$image"
expect_equal "$(sum_of "$image")" "$sum" "content"
is_nocow "$image" || fail "not converted again"
alone

# The guest has started on the new file meanwhile: the old one is all that goes.
killed_at unlinkat
scribble "$image"
sum=$(sum_of "$image")
expect_status 0 cowctl convert "$image"
expect_equal "$(sum_of "$image")" "$sum" "content"
alone

# Both were written to: nobody can tell which is right, so nothing is touched.
killed_at unlinkat
scribble "$image"
scribble "$left"
expect_status 2 cowctl convert "$image"
expect_err "was written to since" "${left##*/}"
[ -f "$left" ] || fail "the left-over is gone"

# Killed before the exchange and the image written to since: the stale copy goes, a new one is made.
killed_at renameat2
scribble "$image"
sum=$(sum_of "$image")
expect_status 0 cowctl convert "$image"
expect_equal "$(sum_of "$image")" "$sum" "content"
is_nocow "$image" || fail "not converted"
alone

# Somebody has the left-over open: it stays until they have gone.
killed_at unlinkat
exec 5<"$left"
expect_status 2 cowctl convert "$image"
expect_err "is open"
exec 5<&-
expect_status 0 cowctl convert "$image"
alone

# The image was replaced by another file of the same name: the left-over is not its business, stays,
# and is named.
killed_at renameat2
cp "$image" "$T/fs/dir/other"
mv "$T/fs/dir/other" "$image"
expect_status 0 cowctl convert "$image"
expect_err "left of another file's conversion"
is_nocow "$image" || fail "not converted"
[ -f "$left" ] || fail "the left-over is gone"

# A dry run says what would be done and does nothing.
killed_at unlinkat
expect_status 0 cowctl convert --dry-run "$image"
[ -f "$left" ] || fail "a dry run cleared up"

# Whether the old file is to be kept was said to the run that was killed, and holds.
expect_status 0 cowctl convert --keep-original "$image"
alone
killed_keeping() {
	rm -rf "$T/fs/dir"
	mkdir "$T/fs/dir"
	make_image "$image" 1M
	trace_inject renameat2:signal=KILL:when=2 cowctl convert --keep-original "$image" && fail "not killed"
	is_nocow "$image" || fail "killed before the exchange"
}
killed_keeping
expect_status 0 cowctl convert "$image"
[ -f "$image.orig" ] || fail "no $image.orig"
is_nocow "$image.orig" && fail "the kept one is not the old one"
expect_equal "$(find "$T/fs/dir" -mindepth 1 | wc -l)" 2 "files"

# Somebody moves another file to the path in the instant before the old one is put back there.
killed_at unlinkat
scribble "$left"
make_image "$T/fs/new" 2M
sum=$(sum_of "$T/fs/new") status=0
trace_inject renameat2:delay_enter=700000:when=1 cowctl convert "$image" &
converter=$!
until_exchange "$image" "$(stat -c %i "$image")" "$converter"
mv "$T/fs/new" "$image"
wait "$converter" || status=$?
expect_equal "$status" 2 "status"
expect_equal "$(sum_of "$image")" "$sum" "what was moved there"
[ -f "$left" ] || fail "the old file is gone"
