#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A loop device overwrites as its file does where that lies, through as many as there are.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs outer
mkdir "$T/outer/nocow"
chattr +C "$T/outer/nocow"

host() { # IMAGE POINT SIZE: an ext4 in a file, mounted
	truncate -s "$3" "$1"
	mkfs.ext4 -q "$1"
	mkdir -p "$2"
	mount -o loop "$1" "$2"
}
host "$T/outer/plain.img" "$T/a" 128M
host "$T/outer/nocow/flagged.img" "$T/c" 128M
host "$T/c/inner.img" "$T/d" 32M

expect_status 0 cowctl probe --json "$T/a"
expect_json '.paths[0].layers | map(.type)[:4] == ["ext4", "loop", "btrfs", "loop"]'
expect_json '.paths[0] | .overwrite == "copied" and .layers[0].overwrite == "in-place"'
expect_json '.paths[0] | .reason | startswith("btrfs")'
expect_json '.paths[0].remedy | contains("convert") and contains($file)' --arg file "$T/outer/plain.img"

expect_status 0 cowctl probe --json "$T/d"
expect_json '.paths[0].layers | map(.type)[:6] == ["ext4", "loop", "ext4", "loop", "btrfs", "loop"]'
expect_json '.paths[0] | .overwrite == "in-place" and .layers[4].detail.nocow == true'
expect_json '.paths[0].layers[1].detail | .backing_file == $f and .verified == true' --arg f "$T/c/inner.img"
