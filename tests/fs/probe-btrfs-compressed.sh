#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A compression flag excludes NOCOW; the remedy names it.
. "$(dirname "$0")/../lib.sh"
need_root
make_fs btrfs b
mkdir "$T/b/packed" "$T/b/never"
chattr +c "$T/b/packed"
chattr +m "$T/b/never"

for directory in packed never; do
	expect_status 0 cowctl probe --json "$T/b/$directory"
	expect_json '.paths[0] | .overwrite == "copied" and .evidence == "measured"'
	expect_json '.paths[0].remedy | contains("chattr -c -m")'
done

# Compression of the whole filesystem does not: a NOCOW file is just not compressed.
mount -o remount,compress=zstd "$T/b"
expect_status 0 cowctl probe --json "$T/b"
expect_json '.paths[0] | .overwrite == "copied" and .switch == "attribute" and (.remedy | contains("chattr -c") | not)'
