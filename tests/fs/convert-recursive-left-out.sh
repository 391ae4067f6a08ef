#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --recursive leaves out what nobody wants converted, and says so once: images in read-only snapshots, and
# originals that an earlier conversion kept.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require btrfs jq
make_fs btrfs b
cd "$T/b"
btrfs -q subvolume create d
make_image d/1.raw 1M
make_image d/2.raw 1M
btrfs -q subvolume snapshot -r d d/snapshot

expect_status 0 cowctl convert -r -k --json d
expect_json '[.images[] | [.path, .result]] | sort == [["d/1.raw", "converted"], ["d/2.raw", "converted"]]'
expect_err "2 images in read-only subvolumes are left as they are, such as 'd/snapshot/1.raw'"
expect_equal "$(wc -l <"$T/err")" 1 "what is said"

before=$(folder_of d)
expect_status 0 cowctl convert -r -k d
expect_err "2 kept originals" "d/1.raw.orig"
expect_equal "$(folder_of d)" "$before" "the folder"

# An original whose image is gone is an image like any other; named itself, it always is.
rm d/1.raw
expect_converted off d/2.raw.orig
expect_status 0 cowctl convert -r --json d
expect_json '[.images[].path] | sort == ["d/1.raw.orig", "d/2.raw"]'
is_nocow d/1.raw.orig || fail "not converted"

# Where all is read-only, that is why.
expect_status 2 cowctl convert -r --json d/snapshot
expect_json '[.images[].result] == ["refused", "refused"]'
