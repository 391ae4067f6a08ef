#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build --subvolume: a subvolume of its own, with the policy, that snapshots of the parent skip.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime

# define NAME PATH
define() {
	expect_status 0 cowctl pool define-as "$1" --session --target "$2" --cow off
}

make_fs btrfs fs
define new "$T/fs/a/new"
expect_status 0 cowctl pool build new --session --subvolume
expect_out "made subvolume"
btrfs subvolume show "$T/fs/a/new" >/dev/null
is_nocow "$T/fs/a/new" || fail "the subvolume is CoW"
touch "$T/fs/a/new/image"
btrfs subvolume snapshot -r "$T/fs" "$T/fs/snapshot" >/dev/null
[ ! -e "$T/fs/snapshot/a/new/image" ] || fail "a snapshot of the parent holds the image"

# a subvolume does not inherit what the directory it is made in has: NOCOW is set anew, and compression
# doesn't stand against it
mkdir "$T/fs/flagged" "$T/fs/compressed"
chattr +C "$T/fs/flagged"
btrfs property set "$T/fs/compressed" compression zstd
for name in flagged compressed; do
	define $name "$T/fs/$name/inner"
	expect_status 0 cowctl pool build $name --session --subvolume --dry-run --json
	expect_json '.build.action == "set-nocow"'
	expect_status 0 cowctl pool build $name --session --subvolume --json
	expect_json '.build.action == "set-nocow"'
	is_nocow "$T/fs/$name/inner" || fail "the subvolume in a $name directory is CoW"
done

# again over what is a subvolume, and over what is not
expect_status 0 cowctl pool build new --session --subvolume
mkdir "$T/fs/plain"
define plain "$T/fs/plain"
expect_status 2 cowctl pool build plain --session --subvolume
expect_err "is no subvolume"
! is_nocow "$T/fs/plain" || fail "a refused build set the flag"

# where there are none
make_fs ext4 ext4
before=$(find "$T/ext4")
define other "$T/ext4/b/other"
for option in --dry-run --json; do
	expect_status 1 cowctl pool build other --session --subvolume $option
	expect_err "only Btrfs has them"
	expect_equal "$(find "$T/ext4")" "$before" "the tree"
done
