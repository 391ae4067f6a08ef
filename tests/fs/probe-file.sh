#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file is judged by its own flag and sharing, not by its directory, and is not written to.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir "$T/b/nocow"
chattr +C "$T/b/nocow"
make_image "$T/b/nocow/flagged.img" 1M
make_image "$T/b/plain.img" 1M
mv "$T/b/nocow/flagged.img" "$T/b/" # a file keeps its flag when it moves
mv "$T/b/plain.img" "$T/b/nocow/"
sum=$(sum_of "$T/b/flagged.img")
sync "$T/b/flagged.img"

expect_status 0 cowctl probe --json "$T/b/flagged.img" "$T/b/nocow/plain.img"
expect_json '.paths[0] | .overwrite == "in-place" and .nocow == true and .new_files.overwrite == "copied"'
expect_json '.paths[1] | .overwrite == "copied" and .nocow == false and .new_files.overwrite == "in-place"'

btrfs -q subvolume snapshot "$T/b" "$T/b/snap" >"$T/log"
expect_status 0 cowctl probe --json "$T/b/flagged.img"
expect_json '.paths[0] | .overwrite == "copied-once" and .nocow == true'

# Deleting the snapshot ends the sharing, not the history: each block still moves once.
btrfs -q subvolume delete --commit-each "$T/b/snap" >"$T/log"
btrfs subvolume sync "$T/b" >"$T/log"
expect_status 0 cowctl probe --json "$T/b/flagged.img"
expect_json '.paths[0] | .overwrite == "copied-once"'
expect_equal "$(sum_of "$T/b/flagged.img")" "$sum" "the file"
