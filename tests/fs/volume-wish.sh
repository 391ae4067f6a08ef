#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# <nocow/> is a policy of the volume's own: it counts before the pool's wherever a volume is judged, stays with it
# through clones, conversions and XML, and is kept on filesystems that have no such flag.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require getfattr
make_fs btrfs b
make_fs ext4 e
make_pool on "$T/b/on" on
make_pool ext "$T/e/ext" on
dir=$T/b/on
own() {
	getfattr --only-values --name user.cow.policy -- "$1" 2>/dev/null || true
}
stands() { # VOLUME: own policy and compliance, as listed
	volume "$1" '"\(.own_policy) \(.compliance)"'
}

# Two that are NOCOW: one asked for it, the other has drifted.
expect_status 0 vol create-as on wish 1M --nocow
expect_equal "$(own "$dir/wish")" off
chattr +C "$dir"
truncate -s 1M "$dir/drift"
chattr -C "$dir"
for index in '' '' --no-index; do
	# shellcheck disable=SC2086 # none, or one
	expect_status 0 vol list on --json $index
	expect_equal "$(stands wish)" "off ok" "one with a wish, listed $index"
	expect_equal "$(stands drift)" "null drifted" "one without, listed $index"
done
expect_status 0 vol info --pool on wish --json
expect_equal "$(stands wish)" "off ok"
expect_status 1 cowctl audit "$dir" --session --json
expect_json '.images | map({(.path | sub(".*/"; "")): [.policy, .compliance]}) | add ==
	{wish: ["off", "ok"], drift: ["on", "drifted"]}'
expect_status 1 cowctl audit "$dir/wish" --session --cow on
expect_status 1 cowctl pool apply on --session --json
expect_json '[.points[].unreached] | add == 1' # drift alone

# The pool is converted to its policy, and the one with a wish to its own.
expect_status 0 cowctl convert --recursive --session on --json
expect_json '.images | map({(.path | sub(".*/"; "")): [.to, .result]}) | add ==
	{wish: ["off", "already"], drift: ["on", "converted"]}'
expect_status 0 cowctl audit "$dir" --session
expect_status 0 cowctl pool apply on --session

# One that doesn't have what it wishes is told by that when it is written.
truncate -s 1M "$dir/late"
setfattr --name user.cow.policy --value off "$dir/late"
expect_status 1 vol upload --pool on late "$T/b.img" --length 4K
expect_err "has drifted from the policy of its own, off: NOCOW is not set"
expect_status 1 cowctl pool apply on --session
expect_status 1 cowctl pool refresh on --session
expect_err "1 volumes of pool 'on' have drifted from their policy"
rm "$dir/late"

expect_status 0 vol clone --pool on wish copy
expect_equal "$(own "$dir/copy")" off "a clone"
is_nocow "$dir/copy" || fail "a clone is CoW"
expect_status 0 cowctl convert --rewrite "$dir/copy"
expect_equal "$(own "$dir/copy")" off "converted to what it wishes"
expect_status 0 cowctl convert --cow on "$dir/copy"
expect_equal "$(own "$dir/copy")" "" "converted to something else"
expect_status 0 vol dumpxml --pool on copy
! grep -q nocow "$T/out" || fail "a wish that is gone is in the XML"

# Where there is no flag it stays known, and goes along.
expect_status 0 vol create-as ext wish 1M --nocow
expect_status 0 vol clone --pool ext wish copy
expect_status 0 vol dumpxml --pool ext copy
expect_out "<nocow/>"
sed 's|<name>copy|<name>from-ext|' "$T/out" >"$T/volume.xml"
expect_status 0 vol create on "$T/volume.xml"
is_nocow "$dir/from-ext" || fail "the wish was lost on the way"
expect_status 0 cowctl audit "$dir" --session

# Where it can't be kept nothing depends on it: what is overwritten in place anyway has what it wishes.
mkdir "$T/ram"
mount -t ramfs none "$T/ram"
make_pool ram "$T/ram/pool" on
expect_status 0 vol create-as ram wish 1M --nocow
expect_equal "$(cat "$T/err")" "" "said of what is met"

# What anybody may have written there is no policy.
setfattr --name user.cow.policy --value 'off and more' "$dir/drift"
expect_status 0 vol info --pool on drift --json
expect_equal "$(stands drift)" "null ok"
