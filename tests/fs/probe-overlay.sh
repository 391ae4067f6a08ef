#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an overlay does is what its upper filesystem does; a lower file is copied up first, and what is
# copied up is made in the work directory, with the flag of that.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir -p "$T/b"/{lower/only,upper,work} "$T/o"
make_image "$T/b/lower/low.img" 1M
chattr +C "$T/b/upper"
mount -t overlay -o "lowerdir=$T/b/lower,upperdir=$T/b/upper,workdir=$T/b/work" overlay "$T/o"
make_image "$T/o/up.img" 1M

expect_status 0 cowctl probe --json "$T/o" "$T/o/up.img"
expect_json '.paths[0].layers | map(.type)[:3] == ["overlay", "btrfs", "loop"]'
expect_json '.paths[0].layers[0].detail | .upperdir == $u and .workdir == $w' \
	--arg u "$T/b/upper" --arg w "$T/b/work"
expect_json '.paths[0].layers[0].detail | .upperdir_nocow == true and .workdir_nocow == false'
expect_json '.paths | all(.overwrite == "in-place" and .nocow == true)'

expect_status 0 cowctl probe --json "$T/o/low.img" "$T/o/only"
expect_json '.paths[0] | .overwrite == "copied" and .layers[0].detail.in_upper == false'
expect_json '.paths[1] | .overwrite == "copied" and .layers[0].detail.in_upper == false'
[ ! -e "$T/b/upper/low.img" ] || fail "probing copied a file up"
[ ! -e "$T/b/upper/only" ] || fail "probing copied a directory up"

# The flag on the work directory counts from the next mount on.
chattr +C "$T/b/work"
expect_status 0 cowctl probe --json "$T/o/only"
expect_json '.paths[0].overwrite == "copied"'
umount "$T/o"
mount -t overlay -o "lowerdir=$T/b/lower,upperdir=$T/b/upper,workdir=$T/b/work" overlay "$T/o"
expect_status 0 cowctl probe --json "$T/o/only" "$T/o/low.img"
expect_json '.paths[0] | .overwrite == "in-place" and .new_files == {overwrite: "in-place", nocow: true}'
expect_json '.paths[1].overwrite == "copied-once"'

# It is true: what is copied up now is NOCOW.
touch "$T/o/only/file" "$T/o/low.img"
is_nocow "$T/o/only/file"
is_nocow "$T/o/low.img"
