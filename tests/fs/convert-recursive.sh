#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --recursive converts every image below a directory, and only images; subvolumes included, links
# not followed. One that is refused does not keep the others from being converted.
. "$(dirname "$0")/../lib.sh"
need_root
require qemu-img jq

make_fs btrfs fs
cd "$T/fs"
mkdir -p tree/deep/er other
btrfs -q subvolume create tree/sub
for image in tree/a.raw tree/deep/er/b.raw tree/sub/c.raw other/d.raw tree/busy.raw; do
	make_image "$image" 1M
done
qemu-img create -q -f qcow2 tree/deep/e.qcow2 1G
echo "not an image" >tree/notes.txt
ln -s ../other tree/link

expect_status 0 cowctl convert --recursive --dry-run --json tree
expect_json '[.images[].result] | length == 5 and all(. == "planned")'

expect_status 2 cowctl convert tree
expect_err "'tree' is a directory" "--recursive"

exec 5<>tree/busy.raw
expect_status 2 cowctl convert --recursive --json tree
exec 5<&-
expect_json '[.images[] | select(.result == "converted") | .path] | sort ==
	["tree/a.raw", "tree/deep/e.qcow2", "tree/deep/er/b.raw", "tree/sub/c.raw"]'
expect_json '[.images[] | select(.result == "refused") | .path] == ["tree/busy.raw"]'
for image in tree/a.raw tree/deep/er/b.raw tree/sub/c.raw tree/deep/e.qcow2; do
	is_nocow "$image" || fail "$image is not converted"
done
is_nocow tree/notes.txt && fail "a text was converted"
is_nocow other/d.raw && fail "a link was followed"

expect_status 0 cowctl convert --recursive tree
is_nocow tree/busy.raw || fail "busy.raw is not converted now"
