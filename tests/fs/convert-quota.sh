#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A quota that ends the copy half way: the image is as it was and the space is given back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs
make_fs btrfs b
btrfs quota enable "$T/b"
btrfs -q subvolume create "$T/b/s"
make_image "$T/b/s/cow.raw" 8M
touch "$T/b/s/nocow.raw"
chattr +C "$T/b/s/nocow.raw"
make_image "$T/b/s/nocow.raw" 8M
btrfs qgroup limit 20M "$T/b/s" # either copy would make it 24 MiB
sync -f "$T/b"

before=$(folder_of "$T/b/s")
expect_status 2 cowctl convert --json --cow off "$T/b/s/cow.raw"
expect_json '.images[0] | .result == "failed" and (.reason | contains("Disk quota exceeded"))'
expect_status 2 cowctl convert --json --cow on "$T/b/s/nocow.raw"
expect_json '.images[0] | .result == "failed" and (.reason | contains("Disk quota exceeded"))'
expect_equal "$(folder_of "$T/b/s")" "$before" "the folder"

sync -f "$T/b"
head -c 2M /dev/urandom >"$T/b/s/more" || fail "the space was not given back"
sync "$T/b/s/more"
