#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is as wanted already stays untouched; several images are done one after the other, and the
# worst result decides the exit status.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
for image in a.raw b.raw c.raw; do
	make_image "$image" 1M
done
expect_converted off a.raw
before=$(folder_of .)
expect_status 0 cowctl convert --json a.raw
expect_json '.images[0] | .result == "already" and (.reason | length > 0) and .bytes_copied == 0'
expect_json '.images[0] | .from == "off" and .to == "off"'
expect_equal "$(folder_of .)" "$before" "the folder"

ln c.raw other
expect_status 2 cowctl convert --json a.raw c.raw missing b.raw
expect_json '.images | map(select(.path != "missing").result) == ["already", "refused", "converted"]'
expect_err "cowctl: 'c.raw'" "'missing'"
is_nocow b.raw || fail "a refusal kept the next image from being converted"
