#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A name is any bytes but / and NUL; a directory stands for a file in it; a link for what it leads to.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-clone.sh"
need_root
make_fs btrfs b
cd "$T/b"
make_image source 1M
mkdir directory
for name in 'two words' $'new\nline' $'not\xffutf-8' --json -f 'quote"d' '100%s' '~' .hidden; do
	expect_cloned shared source "$name" --match
	expect_cloned shared "$name" directory --match
	expect_json '.image | has("path") and has("source")'
	cmp -- source "directory/$name"
	rm -- "$name" "directory/$name"
done
expect_status 0 cowctl clone --json --match source $'\xff'
expect_equal "$(json "$T/out" .image.path_bytes | base64 -d)" $'\xff'
rm $'\xff'

# a directory, with and without a slash, through a link, from where the command runs
expect_cloned shared source directory --match
expect_json '.image.path == "directory/source"'
rm directory/source
expect_cloned shared source directory/ --match
expect_json '.image.path == "directory/source"'
rm directory/source
ln -s directory link
expect_status 0 cowctl clone source link
[ -f directory/source ] || fail 'a link to a directory was not followed'
rm directory/source
(cd directory && expect_cloned shared ../source . --match)
rm directory/source

# a link to an image is the image
ln -s ../source directory/link
expect_cloned shared directory/link clone --match
[ ! -L clone ] || fail 'the link was cloned'

# what is there stays, whatever it is; where nothing can be nothing is
ln -s nowhere dangling
mkfifo fifo
for name in clone source dangling fifo directory/link; do
	expect_not_cloned 2 . source "$name"
	expect_err 'File exists'
done
expect_not_cloned 2 . source missing/clone
expect_not_cloned 2 . source missing/
expect_not_cloned 2 . missing clone2
expect_err "'missing'" 'No such file'
for name in directory fifo /dev/null; do
	expect_not_cloned 2 . "$name" clone2
	expect_err "'${name##*/}' is "
done
expect_status 3 cowctl clone source
expect_status 3 cowctl clone source one two
expect_status 3 cowctl clone --match --cow on source one
expect_status 3 cowctl clone --format nonsense source one
