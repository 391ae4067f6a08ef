#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool build over a directory that is in use already: it gets the policy, and what the policy can't
# reach is counted, with exit status 1.
. "$(dirname "$0")/../lib.sh"
need_root
require jq
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
make_fs btrfs fs
images=$T/fs/images
mkdir -p "$images/empty" "$images/vm one"
chattr +C "$images/vm one"
touch "$images/old" "$images/vm one/right" "$images/vm one/wrong"
mkfifo "$images/fifo"
ln -s old "$images/symlink"
chattr -C "$images/vm one/wrong"
cowctl pool define-as a --session --target "$images" --cow off >"$T/out"

# empty, old, vm one/wrong
expect_status 1 cowctl pool build a --session --dry-run --json
expect_json '.build.unreached == 3 and .build.action == "set-nocow"'
! is_nocow "$images" || fail "a dry run set the flag"
expect_status 1 cowctl pool build a --session
expect_err '3 existing files' 'cowctl convert --recursive'
is_nocow "$images" || fail "the directory is CoW"
! is_nocow "$images/old" || fail "an existing file was touched"

# the same again: what is right by now is not counted
rm "$images/old"
rmdir "$images/empty"
expect_status 1 cowctl pool build a --session --json
expect_json '.build.unreached == 1 and .build.action == "leave" and .build.unread == 0'
rm "$images/vm one/wrong"
expect_status 0 cowctl pool build a --session

# what can't be read is not called right
mkdir "$images/closed"
chown 65534 "$images" "$T/fs"
chmod 0 "$images/closed"
mkdir -m 0777 "$T/nobody"
export XDG_CONFIG_HOME=$T/nobody XDG_RUNTIME_DIR=$T/nobody
expect_status 0 as_nobody cowctl pool define-as b --session --target "$images" --cow off
expect_status 2 as_nobody cowctl pool build b --session --json
expect_json '.build.unread == 1'
