#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A loop device whose file is gone, or whose file's name is another file here, is not guessed at.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs ext4 e
img=$T/e.img
expect_status 0 cowctl probe --json "$T/e"
expect_json '.paths[0].layers[1].detail.verified == true'

mv "$img" "$T/kept" # the kernel follows a rename
expect_status 0 cowctl probe --json "$T/e"
expect_json '.paths[0].layers[1].detail | .backing_file == $f and .verified == true' --arg f "$T/kept"

touch "$T/other"
mount --bind "$T/other" "$T/kept" # the same name, another file
expect_status 2 cowctl probe --json "$T/e"
expect_json '.paths[0] | .overwrite == "unknown" and .layers[1].detail.verified == false'
expect_json '.paths[0].reason | contains("another file")'
umount "$T/kept"

rm "$T/kept"
expect_status 2 cowctl probe --json "$T/e"
expect_json '.paths[0] | .overwrite == "unknown" and .evidence == "none"'
expect_json '.paths[0].reason | contains("deleted")'
expect_json '.paths[0].new_files.overwrite == "in-place"'
