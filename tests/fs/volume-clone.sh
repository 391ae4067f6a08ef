#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A volume is cloned within its pool: sharing where that is possible, right by the policy, and with the
# wish for NOCOW that the first one had.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
make_fs btrfs-raid1 b
mkdir "$T/b/auto" "$T/b/off"
make_pool auto "$T/b/auto"
make_pool off "$T/b/off" off

# A redundant profile: auto leaves CoW on, and so the two share.
make_image "$T/b/auto/disk" 4M
sync "$T/b/auto/disk"
expect_status 0 vol clone --pool auto disk copy --dry-run
expect_equal "$(ls "$T/b/auto")" disk "after a dry run"
expect_status 0 vol clone --pool auto disk copy --json
expect_json '.clone.method == "shared" and .volumes[0].name == "copy" and .volumes[0].nocow == false'
cmp "$T/b/auto/disk" "$T/b/auto/copy"
expect_status 2 vol clone --pool auto disk copy
expect_err "File exists"

# One that is NOCOW by its own wish has clones that are.
expect_status 0 vol create-as auto mine 2M --nocow
dd if="$T/b/auto/disk" of="$T/b/auto/mine" bs=1M count=2 conv=notrunc status=none
expect_status 0 vol clone --pool auto mine "$(printf 'of\nmine')" --json
expect_json '.volumes[0].nocow and .clone.method == "shared"'
is_nocow "$T/b/auto/"$'of\nmine'

make_pool on "$T/b/on" on
expect_status 0 vol create-as on wish 1M --nocow
expect_status 0 vol clone --pool on wish wish2 --json
expect_json '.volumes[0].nocow and .clone.method == "shared"'
expect_status 0 vol dumpxml --pool on wish2
expect_out "<nocow/>"

# The policy off: an old image that has CoW can't share with a clone that hasn't.
make_image "$T/b/auto/old" 1M
mv "$T/b/auto/old" "$T/b/off/old"
expect_status 1 vol clone --pool off old clone --reflink=always
expect_err "can't share its blocks"
expect_status 0 vol clone --pool off old clone --json
expect_json '.clone.method == "copied" and (.clone.remedy | contains("convert")) and .volumes[0].nocow'

# Not what is no image of the pool, nor to where it would not be one.
ln -s ../auto/disk "$T/b/off/link"
mkdir "$T/b/off/dir"
expect_status 2 vol clone --pool off link x
expect_status 2 vol clone --pool off dir x
expect_status 3 vol clone --pool off old ../x
expect_status 2 vol clone --pool off none x
exec {writer}>>"$T/b/off/old"
expect_status 2 vol clone --pool off old x
expect_err "in use"
exec {writer}>&-
expect_equal "$(find "$T/b/off" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ')" "clone dir link old "
