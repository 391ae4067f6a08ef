#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --recursive leaves out what nobody wants converted, and says so once: images in read-only snapshots,
# originals that an earlier conversion kept, and CD images, which an audit has nothing against.
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

# A CD image is never overwritten. Named itself, or to be rewritten, it is an image like any other.
mkdir cd
make_image cd/install.iso 1M
printf '\1CD001\1' | dd of=cd/install.iso bs=1 seek=32768 conv=notrunc status=none
expect_status 0 cowctl audit --cow off --json cd
expect_json '[.images[].compliance] == ["not-applicable"]'
expect_status 0 cowctl convert -r --json cd
expect_json '.images == []'
expect_err "1 images of CDs, which are never overwritten, are left as they are, such as 'cd/install.iso'"
expect_status 0 cowctl convert -r --dry-run --rewrite --json cd
expect_json '[.images[].result] == ["planned"]'
expect_converted off cd/install.iso
expect_status 0 cowctl convert -r --cow on --json cd
expect_json '[.images[].result] == ["converted"]'
