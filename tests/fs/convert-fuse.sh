#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A user space filesystem passes neither flags nor the knowledge of who has a file open: it is refused
# with the reason, though Btrfs is below.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require bindfs
[ -e /dev/fuse ] || skip "no /dev/fuse"
make_fs btrfs b
make_image "$T/b/v.raw" 1M
mkdir "$T/view"
bindfs "$T/b" "$T/view"
before=$(folder_of "$T/b")

expect_status 1 cowctl convert --json "$T/view/v.raw"
expect_json '.images[0] | .result == "refused" and (.reason | contains("not known"))'
expect_json '.error.code == "unsupported"'
expect_equal "$(folder_of "$T/b")" "$before" "what is below"
expect_converted off "$T/b/v.raw" # directly it can be done
