#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# XFS with a realtime device, which the data of files that are marked so goes to.
. "$(dirname "$0")/lib.sh"
need_lab xfs
truncate -s 320M "$T"/{data,realtime}.img
data=$(losetup --find --show "$T/data.img")
realtime=$(losetup --find --show "$T/realtime.img")
at_end 'umount "$T/x" || :; losetup --detach "$data" "$realtime"'
mkfs.xfs -q -f -m reflink=0 -r rtdev="$realtime" "$data" >"$T/log"
mkdir "$T/x"
mount -o rtdev="$realtime" "$data" "$T/x"
mkdir "$T/x"/{plain,realtime}
xfs_io -c 'chattr +t' "$T/x/realtime"
truth "xfs, realtime device beside" "$T/x/plain" "$T/data.img"
truth "xfs, directory for the realtime device" "$T/x/realtime" "$T/realtime.img"
witness write "$T/x/realtime/file"
truth "xfs, file on the realtime device" "$T/x/realtime/file" "$T/realtime.img"
truth_end
