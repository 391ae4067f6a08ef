#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool delete removes an empty directory or subvolume, and nothing else.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs fs

pool() {
	cowctl pool "$@" --session
}
kept() { # PATH CODE
	expect_status 2 pool delete p --json
	expect_json ".error.code == \"$2\""
	[ -e "$1" ] || fail "$1 is gone"
}

for options in '' --subvolume; do
	expect_status 0 pool define-as p --target "$T/fs/a/p"
	expect_status 0 pool build p ${options:+"$options"}
	expect_status 0 pool start p
	kept "$T/fs/a/p" busy
	expect_status 0 pool stop p
	touch "$T/fs/a/p/image"
	kept "$T/fs/a/p/image" unknown
	rm "$T/fs/a/p/image"
	expect_status 0 pool delete p --json
	expect_json '.pools[0].name == "p"'
	expect_equal "$(ls -A "$T/fs/a")" "" "what is left"
	expect_status 2 pool delete p --json
	expect_json '.error.code == "not-found"'
	expect_status 0 pool build p
	expect_status 0 pool delete p
	expect_status 0 pool undefine p
done

# what a symlink points to is somebody else's
mkdir "$T/fs/theirs"
ln -s theirs "$T/fs/link"
expect_status 0 pool define-as p --target "$T/fs/link"
kept "$T/fs/theirs" not-found
