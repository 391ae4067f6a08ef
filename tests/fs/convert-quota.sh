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
image=$T/b/s/v.raw
make_image "$image" 16M
btrfs qgroup limit 24M "$T/b/s"
sync -f "$T/b"

before=$(folder_of "$T/b/s")
for to in off on; do
	[ $to = off ] || { btrfs qgroup limit none "$T/b/s"; expect_converted off "$image"; sync -f "$T/b"
		btrfs qgroup limit 24M "$T/b/s"; before=$(folder_of "$T/b/s"); }
	expect_status 2 cowctl convert --json --cow $to "$image"
	expect_json '.images[0] | .result == "failed" and (.reason | contains("Disk quota exceeded"))'
	expect_equal "$(folder_of "$T/b/s")" "$before" "the folder"
done
sync -f "$T/b"
head -c 4M /dev/urandom >"$T/b/s/more" || fail "the space was not given back"
