#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A path that does not exist yet is answered for its nearest existing parent, and the answer says so.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir "$T/b/images"
chattr +C "$T/b/images"

expect_status 0 cowctl probe --json "$T/b/images/a/b/disk.qcow2"
expect_json '.paths[0] | .exists == false and .probed == $p and .overwrite == "in-place"' --arg p "$T/b/images"
expect_status 0 cowctl probe "$T/b/images/disk.qcow2"
expect_out "does not exist; probed: $T/b/images"
cd "$T/b/images"
expect_status 0 cowctl probe --json disk.qcow2
expect_json '.paths[0] | .probed == "." and .overwrite == "in-place"'
expect_status 0 cowctl probe --json
expect_json '.paths[0] | .path == "." and .exists'

# Below a file there can be nothing; the other paths are still answered.
touch "$T/b/file"
expect_status 2 cowctl probe --json "$T/b/file/x" "$T/b"
expect_json '.paths[0] | .overwrite == "unknown" and .error.code == "not-found" and .layers == []'
expect_json '.paths[1].overwrite == "copied" and .error.code == "not-found"'
expect_err "$T/b/file/x"
expect_status 3 cowctl probe --output LAYER,COLOUR "$T/b"
expect_equal "$(cat "$T/out")" "" "standard output"
