#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build that can't be: read-only, no permission, in the way, started. Nothing is left behind.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

# refused NAME PATH CODE [COMMAND...]
refused() {
	local before
	before=$(find "$T/fs" | sort)
	expect_status 0 "${@:4}" cowctl pool define-as "$1" --session --target "$2" --cow off
	expect_status 2 "${@:4}" cowctl pool build "$1" --session --json
	expect_json ".error.code == \"$3\""
	expect_equal "$(find "$T/fs" | sort)" "$before" "the tree"
}

make_fs btrfs fs
touch "$T/fs/file"
refused file "$T/fs/file" not-found
refused below "$T/fs/file/pool" not-found

mkdir "$T/fs/there"
mount -o remount,ro "$T/fs"
refused new "$T/fs/a/b" read-only
refused old "$T/fs/there" read-only
mount -o remount,rw "$T/fs"

mkdir -m 0755 "$T/fs/theirs"
mkdir -m 0777 "$T/nobody"
XDG_CONFIG_HOME=$T/nobody XDG_RUNTIME_DIR=$T/nobody
refused closed "$T/fs/theirs/a/b" permission as_nobody
refused theirs "$T/fs/theirs" permission as_nobody

# nobody's own: no root needed
expect_status 0 as_nobody cowctl pool define-as own --session --target "$T/fs/own/pool" --cow off
expect_status 0 as_nobody cowctl pool build own --session
is_nocow "$T/fs/own/pool" || fail "the directory is CoW"
expect_status 0 as_nobody cowctl pool start own --session
expect_status 2 as_nobody cowctl pool build own --session --json
expect_json '.error.code == "busy"'
