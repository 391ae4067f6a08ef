#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A machine captured as text has the layers of the machine itself, and none of its identifiers.
. "$(dirname "$0")/../lib.sh"
need_root
require mkfs.ext4 losetup jq
make_fs btrfs-raid1 outer
truncate -s 64M "$T/outer/inner.img"
mkfs.ext4 -q "$T/outer/inner.img"
device=$(losetup --find --show "$T/outer/inner.img")
mkdir "$T/inner" "$T/hosts"
mount "$device" "$T/inner"
losetup --detach "$device"

for path in "$T/inner" "$device" "$T/outer"; do
	"$COW_TESTS/../tools/capture-host" "$path" >"$T/hosts/here"
	expect_status 1 "$COW_BUILD/lib/unit-stack-hosts" "$T/hosts"
	found=$(sed '1,/^found$/d; s/^ *//; s/ .*//' "$T/err")
	cowctl probe --json "$path" >"$T/probe.json" || :
	expect_equal "$found" "$(json "$T/probe.json" '.paths[].layers[] | .. | .type? // empty')" layers

	sed '1,/^found$/d; s/^/\t/' "$T/err" >>"$T/hosts/here"
	expect_status 0 "$COW_BUILD/lib/unit-stack-hosts" "$T/hosts"
done

uuid=$(findmnt --noheadings --output UUID "$T/outer")
! grep -F "$uuid" "$T/hosts/here" || fail "the file system's UUID is told"
