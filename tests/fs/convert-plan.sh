#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A plan says what each image takes and loses, the least needy comes first, images that share blocks are
# left together if that is asked for, and one that fails does not keep the rest from being converted.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require jq
make_fs btrfs b compress-force=zstd
mkdir "$T/b/d"
make_image "$T/b/d/a-large.raw" 16M
make_image "$T/b/d/b-small.raw" 2M
make_image "$T/b/d/c-golden.raw" 8M
cp --reflink=always "$T/b/d/c-golden.raw" "$T/b/d/d-clone.raw"
printf "%4194304s" "" >"$T/b/d/e-compressed.raw"
make_image "$T/b/d/f-busy.raw" 4M
exec {busy}>>"$T/b/d/f-busy.raw"
sync -f "$T/b"

expect_status 2 cowctl convert --json --recursive --dry-run "$T/b/d"
expect_json '[.images[] | select(.result == "planned")] | length == 5'
expect_json '.summary | .images == 6 and .planned == 5 and .refused == 1'
expect_json '.summary | .bytes_needed > 16777216 and .bytes_copied == 16777216 + 2097152 + 2*8388608 + 4194304'
expect_json '[.images[] | select(.result == "planned") | .seconds_needed] | . == sort and .[0] > 0'
expect_json '.images[] | select(.path | endswith("c-golden.raw")) | .bytes_shared == 8388608'
expect_json '.images[] | select(.path | endswith("e-compressed.raw")) | .bytes_compressed > 3000000'
expect_json '[.images[] | select(.result == "planned") | .bytes_needed] | . == sort'
expect_status 0 cowctl convert --dry-run "$T/b/d/c-golden.raw"
expect_err "shared now take room of their own (--skip-shared leaves them)" "no checksums any more"

expect_status 2 cowctl convert --recursive --skip-shared "$T/b/d"
expect_err "6 images: 3 converted, 2 already, 1 refused"
for name in a-large b-small e-compressed; do
	is_nocow "$T/b/d/$name.raw" || fail "$name is not converted"
done
for name in c-golden d-clone f-busy; do
	! is_nocow "$T/b/d/$name.raw" || fail "$name is converted"
done
exec {busy}>&-
expect_status 0 cowctl convert --recursive "$T/b/d"
is_nocow "$T/b/d/d-clone.raw"
expect_status 0 cowctl convert --recursive "$T/b/d"
expect_equal "$(tail -n 1 "$T/err")" "cowctl: 6 images: 6 already"
