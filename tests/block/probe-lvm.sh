#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volumes of LVM: what root reads in the table and what anybody tells by the uuids agree, or the latter
# is unknown.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-lvm.sh"
need_lab dm-thin-pool dm-snapshot dm-raid raid1 dm-cache dm-cache-smq
require lvm jq
disks=()
for name in one two; do
	truncate -s 512M "$T/$name"
	disks+=("$(losetup --find --show "$T/$name")")
done
at_end 'command lvm vgchange -an v >"$T/log" 2>&1; losetup --detach "${disks[@]}"'
lvm vgcreate v "${disks[@]}"
lvm lvcreate -y -Wn -L 32M -n linear v
lvm lvcreate -y -Wn -L 32M -n origin v
lvm lvcreate -y -L 16M -s -n thick v/origin
lvm lvcreate -y -Wn --type raid1 -m 1 --nosync -L 32M -n mirrored v
lvm lvcreate -y -Zn -L 64M --thinpool pool v
lvm lvcreate -y -Wn -V 64M --thin -n thin v/pool
lvm lvcreate -y -Wn -L 32M -n cached v
lvm lvcreate -y -Wn -L 16M -n fast v
lvm lvconvert -y --type cache --cachevol v/fast v/cached

# expect_volume NAME TARGET OVERWRITE
expect_volume() {
	local of=".paths[0].layers[0] | .overwrite == \"$3\" and .name == \"/dev/mapper/v-$1\""
	expect_status 0 cowctl probe --json "/dev/mapper/v-$1"
	expect_json "$of and .type == \"dm-$2\" and .evidence == \"reported\""
	expect_status 0 as_nobody cowctl probe --json "/dev/mapper/v-$1"
	expect_json "$of and (.type == \"dm-$2\" or .type == \"dm\") and .evidence == \"inferred\""
}
expect_volume linear linear in-place
expect_volume origin snapshot-origin in-place
expect_volume thick snapshot copied-once
expect_volume mirrored raid in-place
expect_volume thin thin copied-once
expect_volume cached cache in-place
