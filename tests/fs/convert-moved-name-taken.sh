#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# While an image is moved in part, somebody gives its name to another file: that is not taken for the image,
# and nothing of either is touched until it is out of the way.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace
FS_SIZE=320M make_fs xfs x
mkdir -m 0755 "$T/x/d"
cd "$T/x/d"
make_image v.raw 24M
state() {
	state_of v.raw | grep -v ^atime # which this test reads
}
before=$(state)
leave_room 12 "$T/x/fill"
trace_inject fallocate:signal=KILL:when=3 cowctl convert --low-space --rewrite v.raw && fail "not killed"
[ ! -e v.raw ] || fail "not moved in part"

make_image v.raw 1M # a backup, say
for option in --rewrite --low-space --undo; do
	expect_refused "is not the image that was moved in part" "$PWD/v.raw" "$option"
	expect_err "move it away"
	expect_refused "is not the image that was moved in part" "$PWD/v.raw" "$option" --dry-run
done
expect_status 1 cowctl convert --status v.raw
expect_out moving "another file has the image's name"
expect_status 2 cowctl convert --recursive --rewrite .
expect_equal "$(grep -v warning: "$T/err" | grep -c "'./v.raw'")" 1 "errors"

# Nor is it passed over because what has its name is no image that a walk would find.
mv v.raw backup.raw
ln -s backup.raw v.raw
for option in --rewrite --dry-run --undo; do
	expect_status 2 cowctl convert --recursive "$option" .
	expect_err "'./v.raw': "
	expect_err "move"
done
rm v.raw
# On the way back, space is allocated in one piece as it is on the way there: overwrites stay where they are.
strace -f -o "$T/undo" --trace=fallocate "$COWCTL" convert --undo v.raw >"$T/out"
expect_text "$T/undo" "FALLOC_FL_KEEP_SIZE, "
expect_equal "$(state)" "$before" "the image"
expect_equal "$(ls -A)" "backup.raw
v.raw"

# Where anybody could have made up such names they stand in nobody's way.
mkdir -m 0777 ../open
make_image ../open/v.raw 1M
truncate -s 1M ../open/{o,m}
pair=../open/$(printf '.cowctl-%x-%x-0.0' "$(stat -c %i ../open/o)" "$(stat -c %i ../open/m)")
mv ../open/o "$pair-o-v.raw"
mv ../open/m "$pair-m80000-v.raw"
expect_status 0 cowctl convert --rewrite ../open/v.raw
expect_err "left of another file's conversion"
expect_status 0 cowctl convert --recursive --rewrite ../open
expect_err "left of another file's conversion"
