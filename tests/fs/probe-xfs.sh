#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# XFS overwrites in place, with reflink or without; what a file shares is copied once.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs xfs x
make_fs xfs-noreflink n

expect_status 0 cowctl probe --json "$T/x" "$T/n"
expect_json '.paths | all(.overwrite == "in-place" and .evidence == "measured" and .switch == "not-needed")'
expect_json '.paths | all(.new_files == {overwrite: "in-place", nocow: false} and .remedy == null)'
expect_json '.paths | map(.layers[0].detail.reflink) == [true, false]'

make_image "$T/x/a.img" 1M
expect_status 0 cowctl probe --json "$T/x/a.img"
expect_json '.paths[0].overwrite == "in-place"'
cp --reflink=always "$T/x/a.img" "$T/x/b.img"
expect_status 0 cowctl probe --json "$T/x/a.img"
expect_json '.paths[0] | .overwrite == "copied-once" and .evidence == "reported" and (.remedy | type) == "string"'
