#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Without root the stack is the same, and what can't be had is unknown, not "no".
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir "$T/b/closed" "$T/b/hidden"
chattr +C "$T/b/closed"
make_image "$T/b/secret.img" 1M
chmod 0600 "$T/b/secret.img"
chmod 0711 "$T/b/hidden"

as_nobody cowctl probe --json "$T/b" >"$T/mine"
expect_status 0 cowctl probe --json "$T/b"
for what in '.overwrite, .evidence, .switch, .new_files' '[.layers[].type]' '.layers[0].detail'; do
	expect_equal "$(json "$T/mine" ".paths[0] | $what")" "$(json "$T/out" ".paths[0] | $what")" "$what"
done

# A directory that others may read but not write to: reported, not measured.
expect_status 0 as_nobody cowctl probe --json "$T/b/closed"
expect_json '.paths[0] | .overwrite == "in-place" and .evidence == "reported" and .nocow == true'
expect_json '.paths[0].reason | contains("not measured")'

# One that they may not read, and such a file: the filesystem is known, the flag is not.
expect_status 2 as_nobody cowctl probe --json "$T/b/hidden" "$T/b/secret.img"
expect_json '.paths | all(.overwrite == "unknown" and .nocow == null and .layers[0].type == "btrfs")'
expect_json '.paths | all(.layers[0].detail.data_profile == "single")'

expect_status 2 as_nobody cowctl probe --json "$T/b/hidden/x/y"
expect_json '.paths[0].overwrite == "unknown"'
