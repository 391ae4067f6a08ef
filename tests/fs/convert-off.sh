#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016 # jq has variables of its own
# A fragmented image becomes NOCOW, whole and in few pieces, and is told about key by key.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 8M
fragment "$image" 1000
before=$(sum_of "$image")
runs=$(runs_of "$image")
inode=$(stat -c %i "$image")
[ "$runs" -gt 100 ] || fail "only $runs runs: nothing to convert"

expect_status 0 cowctl convert --json "$image"
expect_json '(.cowctl.schema == 1) and (.images | length == 1) and (has("error") | not)'
expect_json '.images[0] | .path == $path and .from == "on" and .to == "off" and .mode == "offline"' \
	--arg path "$image"
expect_json '.images[0] | .result == "converted" and .reason == null and .verified == true'
expect_json '.images[0] | .bytes_copied == 8388608 and .bytes_holes == 0 and .original == null'
expect_json '.images[0].seconds | type == "number" and . > 0'

is_nocow "$image" || fail "not NOCOW"
expect_equal "$(sum_of "$image")" "$before" content
[ "$(stat -c %i "$image")" != "$inode" ] || fail "the same inode: nothing can have been converted"
expect_equal "$(ls -A "$T/b")" v.raw "what is there"
expect_json '.images[0].runs_before == $n' --argjson n "$runs"
expect_json '.images[0].runs_after == $n' --argjson n "$(runs_of "$image")"
[ "$(runs_of "$image")" -lt 10 ] || fail "$(runs_of "$image") runs afterwards"

# From now on it is overwritten in place.
runs=$(runs_of "$image")
fragment "$image" 1000 2
expect_equal "$(runs_of "$image")" "$runs" "runs after more writes"
