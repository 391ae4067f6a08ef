#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build over a directory that is in use already: it gets the policy, and what the policy can't
# reach is counted, with exit status 1.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs fs
folder=$T/fs/images
mkdir -p "$folder/empty" "$folder/vm one"
chattr +C "$folder/vm one"
touch "$folder/old" "$folder/vm one/right" "$folder/vm one/wrong"
mkfifo "$folder/fifo"
ln -s old "$folder/symlink"
chattr -C "$folder/vm one/wrong"
cowctl pool define-as a --session --target "$folder" --cow off >"$T/out"

# empty, old, vm one/wrong
expect_status 1 cowctl pool build a --session --dry-run --json
expect_json '.build.unreached == 3 and .build.action == "set-nocow"
	and ([.build.files[].path | split("/")[-1]] | sort) == ["old", "wrong"]'
! is_nocow "$folder" || fail "a dry run set the flag"
expect_status 1 cowctl pool build a --session
expect_err '3 existing files' 'cowctl convert --recursive'
expect_out "left as it is: '$folder/old'" "left as it is: '$folder/vm one/wrong'"
is_nocow "$folder" || fail "the directory is CoW"
! is_nocow "$folder/old" || fail "an existing file was touched"

# the same again: what is right by now is not counted
rm "$folder/old"
rmdir "$folder/empty"
expect_status 1 cowctl pool build a --session --json
expect_json '.build.unreached == 1 and .build.action == "leave" and .build.unread == 0'
rm "$folder/vm one/wrong"
expect_status 0 cowctl pool build a --session

# nor is what is no part of the pool: another one in it, a read-only snapshot, what is mounted
make_fs btrfs other
mkdir "$folder/inner" "$folder/mounted"
chattr -C "$folder/inner"
mount --bind "$T/other" "$folder/mounted"
touch "$folder/inner/on" "$folder/mounted/on"
btrfs -q subvolume create "$folder/sub"
chattr -C "$folder/sub"
touch "$folder/sub/on"
btrfs -q subvolume snapshot -r "$folder/sub" "$folder/snapshot" >"$T/log"
expect_status 0 cowctl pool define-as inner --session --target "$folder/inner" --cow on
expect_status 1 cowctl pool build a --session --json
expect_json '.build.unreached == 2 and [.build.files[].path] == [$sub]' --arg sub "$folder/sub/on"
umount "$folder/mounted"
btrfs -q subvolume delete "$folder/sub" "$folder/snapshot" >"$T/log"
expect_status 0 cowctl pool undefine inner --session
rm -r "$folder/inner" "$folder/mounted"

# what can't be read is not called right
mkdir "$folder/closed"
chown 65534 "$folder" "$T/fs"
chmod 0 "$folder/closed"
mkdir -m 0777 "$T/nobody"
export XDG_CONFIG_HOME=$T/nobody XDG_RUNTIME_DIR=$T/nobody
expect_status 0 as_nobody cowctl pool define-as b --session --target "$folder" --cow off
expect_status 2 as_nobody cowctl pool build b --session --json
expect_json '.build.unread == 1'
