#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2016 # jq has variables of its own
# What somebody has protected, or gave more than one name, is left alone; the remedy is named.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require setfattr
make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 1M

ln "$image" "$T/b/second"
expect_refused "has 2 hard links" "$image"
expect_json '.error.remedy | contains("remove the other names")'
rm "$T/b/second"

for flag in i a; do
	chattr +$flag "$image"
	expect_refused "is $([ $flag = i ] && echo immutable || echo append-only)" "$image"
	expect_json '.error.remedy | contains("chattr")'
	chattr -$flag "$image"
done

for mark in trusted.libvirt.security.ref_dac trusted.libvirt.security.ref_selinux; do
	setfattr -n $mark -v 1 "$image"
	expect_refused "libvirt has 'v.raw' marked as in use" "$image"
	expect_json '.error.remedy | contains($mark)' --arg mark "$mark"
	setfattr -x $mark "$image"
done

expect_converted off "$image"
