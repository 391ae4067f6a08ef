#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One image that can't be converted doesn't keep the others from it, and shows in the exit status.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
cd "$T/b"
mkdir -p pool/sub empty
for image in a.raw b.raw sub/c.raw; do
	make_image "pool/$image" 1M
done
exec 3<pool/b.raw

expect_status 2 cowctl convert --recursive --json pool
expect_json '.images | map({(.path | sub(".*/"; "")): .result}) | add
	== {"a.raw": "converted", "b.raw": "refused", "c.raw": "converted"}'
expect_err "'b.raw' is in use by 'bash'"
is_nocow pool/a.raw || fail "a.raw is not NOCOW"
is_nocow pool/sub/c.raw || fail "c.raw is not NOCOW"
! is_nocow pool/b.raw || fail "b.raw was converted while it was open"
exec 3<&-
expect_status 0 cowctl convert --recursive pool
is_nocow pool/b.raw || fail "b.raw is not NOCOW"

# Nothing to convert is no failure; a directory that isn't there is.
expect_status 0 cowctl convert --recursive --json empty
expect_json '.images == []'
expect_status 2 cowctl convert --recursive missing
# A single image may be named as well.
expect_converted on pool/a.raw --recursive
