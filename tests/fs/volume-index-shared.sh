#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A snapshot or clone changes what an overwrite of an image does, and leaves no trace in its times. So
# what is remembered of sharing is shown for what it is, and what the flag or the policy decides is not
# remembered at all.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require btrfs

# state VOLUME: as the list has it; also of one whose looks were counted
state() {
	expect_status 0 vol list vms --json
	volume "$1" '"\(.nocow) \(.overwrite) \(.evidence) \(.compliance)"'
}
remembered() {
	volume "$1" .reason | grep -q '^remembered: '
}

make_fs btrfs b
make_pool vms "$T/b/vms" off
cd "$T/b/vms"
make_image flagged 1M
make_image "$T/b/plain" 1M
mv "$T/b/plain" plain
sync -f .
settle .
expect_equal "$(state flagged)" "true in-place reported ok"
expect_equal "$(state flagged)" "true in-place inferred ok"
expect_equal "$(volume flagged .reason)" "remembered: nothing was shared when it was last looked into"
expect_status 0 vol list vms
expect_out "EVIDENCE" "inferred"
# what the flag alone decides is as good as new
expect_equal "$(state plain)" "false copied reported drifted"
expect_equal "$(volume plain .reason)" "NOCOW is not set"

# it is the same filesystem after it was mounted anew, by another number
cd "$T"
umount b
mount "$T/b.img" "$T/b"
cd "$T/b/vms"
expect_equal "$(state flagged)" "true in-place inferred ok"

# a snapshot, and then none: the list says what it was, one look says what it is
btrfs -q subvolume snapshot "$T/b" "$T/b/snapshot"
expect_equal "$(state flagged)" "true in-place inferred ok"
expect_status 0 vol info --pool vms flagged --json
expect_equal "$(volume flagged '"\(.overwrite) \(.evidence)"')" "copied-once reported"
expect_status 0 vol list vms --no-index --json
expect_equal "$(volume flagged '"\(.overwrite) \(.evidence)"')" "copied-once reported"
expect_equal "$(state flagged)" "true copied-once inferred ok"
expect_equal "$(volume flagged .reason)" \
	"remembered: some extents were shared when it was last looked into"
btrfs -q subvolume delete "$T/b/snapshot" >"$T/quiet"
btrfs -q subvolume sync "$T/b" >"$T/quiet"
expect_status 0 vol list vms --no-index --json
expect_equal "$(state flagged)" "true copied-once inferred ok"
expect_equal "$(volume flagged .reason)" \
	"remembered: some extents were older than a snapshot or balance when it was last looked into"

# a policy that changes holds at once
cowctl pool dumpxml vms --session | sed '/<cow /s/no/yes/' >"$T/on.xml"
expect_status 0 cowctl pool define --session "$T/on.xml"
expect_equal "$(state flagged)" "true copied-once inferred drifted"
expect_equal "$(state plain)" "false copied reported ok"

# so does what the filesystem is mounted with
cd "$T"
expect_status 0 cowctl pool stop vms --session
mount -o remount,nodatacow "$T/b"
expect_status 1 cowctl pool start vms --session
expect_status 0 vol list vms --json
cp "$T/out" "$T/listed"
expect_status 0 vol list vms --no-index --json
expect_equal "$(jq -c '[.volumes[].overwrite]' "$T/listed")" "$(jq -c '[.volumes[].overwrite]' "$T/out")"

# XFS shares as well, without a flag; without reflink it can't, and what is remembered holds
for kind in xfs xfs-noreflink; do
	expect_status 0 cowctl pool stop vms --session
	expect_status 0 cowctl pool undefine vms --session
	make_fs $kind $kind
	make_pool vms "$T/$kind/vms" off
	cd "$T/$kind/vms"
	make_image image 1M
	sync -f .
	settle .
	expect_equal "$(state image)" "false in-place reported not-applicable"
	case $kind in
	xfs)
		expect_equal "$(state image)" "false in-place inferred not-applicable"
		remembered image
		;;
	*)
		expect_equal "$(state image)" "false in-place reported not-applicable"
		! remembered image || fail "it can't have changed"
		;;
	esac
done
