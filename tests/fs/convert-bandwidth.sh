#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A limit of bandwidth is kept: copying and verifying take at least as long as it says.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
make_image "$T/b/v.raw" 8M
expect_status 0 cowctl convert --json --bandwidth 16M "$T/b/v.raw"
expect_json '.images[0] | .result == "converted" and .seconds >= 0.9' # 0.5 s each, but for the slack
for bad in 0 x -1 ""; do
	expect_status 3 cowctl convert --bandwidth "$bad" "$T/b/v.raw"
done

# A dry run doesn't keep to it for longer than it takes to see what comes of it.
expect_status 0 cowctl convert --json --cow on --bandwidth 1K --dry-run "$T/b/v.raw"
expect_json '.images[0] | .result == "planned" and .seconds_needed >= 8192'
expect_status 0 cowctl convert --json --cow on --bandwidth 16M --dry-run "$T/b/v.raw"
expect_json '.images[0] | .result == "planned" and .seconds_needed >= 1'
expect_status 0 cowctl convert --json --cow on --bandwidth 16M --no-verify --dry-run "$T/b/v.raw"
expect_json '.images[0] | .result == "planned" and .seconds_needed >= 0.5'

# However low it is: whoever wants to write to the image, or to stop, doesn't wait for the next piece.
mkdir "$T/b/d"
make_image "$T/b/d/v.raw" 8M
begin() {
	"$COWCTL" convert --resume --bandwidth 1K "$T/b/d/v.raw" >"$T/out" 2>&1 &
	converter=$!
	until [ -n "$(find "$T/b/d" -name '.cowctl-*' -size +0 -printf '%b' | tr -d 0)" ]; do
		kill -0 "$converter" || fail "it is gone: $(cat "$T/out")"
	done
}
begin
timeout 20 dd if=/dev/null of="$T/b/d/v.raw" conv=notrunc status=none || fail "the writer waited"
! wait "$converter" || fail "it went on"
expect_text "$T/out" "in use"
rm "$T/b/d"/.cowctl-* # or it would seem to be at work before it is
begin
kill -TERM "$converter"
timeout 20 tail --pid="$converter" -f /dev/null || fail "it did not stop"
