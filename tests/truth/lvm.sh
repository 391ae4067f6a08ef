#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volumes of LVM, asked about by root, who reads the table, and by others, who go by the uuids.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../lib-lvm.sh"
need_lab dm-thin-pool dm-snapshot dm-raid raid1 dm-cache dm-cache-smq dm-writecache
require lvm
truncate -s 384M "$T"/{1,2}.img
disks=("$(losetup --find --show "$T/1.img")" "$(losetup --find --show "$T/2.img")")
at_end 'command lvm vgchange -an v >"$T/log" 2>&1; losetup --detach "${disks[@]}"'
lvm vgcreate v "${disks[@]}"

# volume WHAT NAME: the volume was made; nothing in it is shared
volume() {
	[ "$1" = snapshot ] || witness write "/dev/mapper/v-$2"
	truth_nobody "LVM $1" "/dev/mapper/v-$2" "$T"/[12].img
	truth_young "LVM $1" "/dev/mapper/v-$2" "$T"/[12].img
}
lvm lvcreate -y -Wn -L 16M -n linear v
volume linear linear
lvm lvcreate -y -Wn -L 16M -i 2 -n striped v
volume striped striped
lvm lvcreate -y -Wn --type raid1 -m 1 --nosync -L 16M -n mirrored v
volume raid1 mirrored
lvm lvcreate -y -Wn -L 16M -n origin v
witness write /dev/mapper/v-origin
lvm lvcreate -y -L 16M -s -n thick v/origin
volume snapshot thick
volume "origin of a snapshot" origin
lvm lvcreate -y -Zn -L 64M --thinpool pool v
lvm lvcreate -y -Wn -V 64M --thin -n thin v/pool
witness write /dev/mapper/v-thin
lvm lvcreate -y -s -n old v/thin
truth_nobody "LVM thin, with a snapshot" /dev/mapper/v-thin "$T"/[12].img
truth_young "LVM thin, the same once it was overwritten" /dev/mapper/v-thin "$T"/[12].img
truth_end
