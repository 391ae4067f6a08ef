#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mount points and backing files have any names too: the kernel writes them as octal escapes.
. "$(dirname "$0")/../lib.sh"
need_root
names=("two words" $'new\nline' 'back\slash' $'bad\xff' 'comma,dot.' 'a#b')
for name in "${names[@]}"; do
	truncate -s 16M "$T/$name.img"
	mkfs.ext4 -q "$T/$name.img"
	mkdir "$T/$name"
	mount -o loop "$T/$name.img" "$T/$name"
	expect_status 0 cowctl probe --json "$T/$name"
	expect_json '.paths[0] | .overwrite != "unknown" and .layers[1].detail.verified == true'
	filter='def bytes($key): if has("\($key)_bytes") then .["\($key)_bytes"] else .[$key] | @base64 end;
		.paths[0].layers | (.[0] | bytes("name")), (.[1].detail | bytes("backing_file"))'
	expect_equal "$(json "$T/out" "$filter")" \
		"$(printf %s "$T/$name" | base64 -w0)"$'\n'"$(printf %s "$T/$name.img" | base64 -w0)" "$name"
done
