#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is not a regular file is refused without being opened.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
mkfifo fifo
mknod null c 1 3
mknod block b 7 255
mkdir directory
make_image v.raw 1M
ln -s v.raw symlink
ln -s nowhere dangling
"$COW_BUILD/tests/hold" socket socket </dev/null >/dev/null
for name in fifo null block socket; do
	expect_refused "'$name' is not a regular file" "$name"
done
expect_refused "'directory' is a directory" directory
expect_refused "is a directory" directory/ # as completion writes it
expect_json '.error.remedy | contains("--recursive")'
for name in symlink dangling; do
	expect_refused "'$name' is a symbolic link" "$name"
done
expect_status 2 cowctl convert missing
expect_err "'missing'" "No such file"
expect_status 2 cowctl convert v.raw/
expect_err "Not a directory"
expect_status 2 cowctl convert v.raw/inside
expect_status 2 cowctl convert missing/v.raw
